import { sshLogin } from '../support/attacks';
import { expect, live, logIn, rows, test } from '../support/fixtures';
import { freePorts } from '../support/skep';

test('a tick reaches the sensor, and a second browser', async ({ skep, page, browser }) => {
  await skep.startSensor();
  await logIn(page, skep);
  await page.goto(`${skep.url}/sensors`);
  await page.getByRole('navigation', { name: 'Sensors' }).getByRole('link', { name: 'Services' }).click();
  await live(page);
  const cell = (service: string) => page.getByRole('button', { name: new RegExp(`^${service} on local: `) });
  await expect(cell('ssh')).toHaveAccessibleName('ssh on local: running');
  const other = await (await browser.newContext({ storageState: await page.context().storageState() })).newPage();
  await other.goto(`${skep.url}/sensors/matrix`);
  await live(other);

  await page.getByRole('button', { name: 'Edit services' }).click();
  await cell('ssh').click();
  await expect(cell('ssh')).toHaveAccessibleName('ssh on local: remove');
  await cell('ftp').click();
  await cell('ftp').click();
  await expect(cell('ftp')).toHaveAccessibleName('ftp on local: running');
  await expect(page.getByText('1 change on 1 sensor')).toBeVisible();
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(cell('ssh')).toHaveAccessibleName('ssh on local: not scheduled');
  await expect(other.getByRole('button', { name: 'ssh on local: not scheduled' })).toBeVisible();
  expect(await sshLogin(skep.ports.ssh, 'root', 'root'), 'nothing listens any more').toBe(255);

  // The way back is there on every page.
  await page.getByRole('link', { name: 'Dashboard' }).click();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.goBack();
  await expect(cell('ssh')).toHaveAccessibleName('ssh on local: running');
  await sshLogin(skep.ports.ssh, 'root', 'wrong');
  await other.goto(`${skep.url}/events`);
  await expect(rows(other, 'root / wrong')).toBeVisible();
});

test('a service once more, with a port and settings of its own', async ({ skep, page }) => {
  await skep.startSensor();
  await logIn(page, skep);
  await page.goto(`${skep.url}/sensors/matrix`);
  await live(page);
  const [port = 0] = await freePorts(1);
  const ssh = page.getByRole('button', { name: /^ssh on local: / });
  await ssh.click();
  const dialog = page.getByRole('dialog', { name: 'ssh on local' });
  await dialog.getByRole('button', { name: 'Once more' }).click();
  const second = dialog.locator('.placement').nth(1);
  await second.getByLabel('Ports').fill('22x');
  await dialog.getByRole('button', { name: 'Take over' }).click();
  await expect(second.getByLabel('Ports')).toHaveAccessibleDescription(/Ports such as 22/);
  await second.getByLabel('Ports').fill(String(port));
  await second.getByLabel('Address or interface').fill('127.0.0.300');
  await dialog.getByRole('button', { name: 'Take over' }).click();
  await expect(second.getByLabel('Address or interface')).toHaveAccessibleDescription(/an interface such as eth0/);
  await second.getByLabel('Address or interface').fill('lo');
  await second.getByText('Settings', { exact: true }).click();
  await second.getByLabel('accept').fill('toor/letmein');
  await dialog.getByRole('button', { name: 'Take over' }).click();
  await expect(ssh).toHaveAccessibleName('ssh on local: change');
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(ssh).toHaveAccessibleName('ssh on local: running');
  await expect.poll(() => sshLogin(port, 'toor', 'letmein')).toBe(0);
  await page.goto(`${skep.url}/events`);
  await expect(rows(page, 'Login accepted: toor / letmein')).toBeVisible();
});

test('a port that somebody has is red, with the reason', async ({ skep, page }) => {
  await skep.startSensor();
  await logIn(page, skep);
  await page.goto(`${skep.url}/sensors/matrix`);
  await live(page);
  const telnet = page.getByRole('button', { name: /^telnet on local: / });
  const dialog = page.getByRole('dialog', { name: 'telnet on local' });
  // First the server knows that ssh has the port, then only the sensor can know that the server has it.
  await telnet.click();
  await dialog.getByLabel('Ports').fill(String(skep.ports.ssh));
  await dialog.getByRole('button', { name: 'Take over' }).click();
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page.getByRole('alert')).toContainText('telnet on local: Another service has this port');
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.getByRole('button', { name: 'Done' }).click();
  await telnet.click();
  await dialog.getByLabel('Ports').fill(new URL(skep.url).port);
  await dialog.getByRole('button', { name: 'Take over' }).click();
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(telnet).toHaveAccessibleName(/^telnet on local: failed, .*(in use|taken)/i);
  // The tabulator leads to the sensor, the arrows from there.
  await page.locator('.matrix').getByRole('link', { name: 'local' }).focus();
  // One more column than services: the box for the whole row.
  for (let column = 0; column < 8; column += 1) await page.keyboard.press('ArrowRight');
  await expect(telnet).toBeFocused();
  await expect(page.getByRole('tooltip')).toContainText('telnet on local');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('tooltip')).toBeHidden();
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByRole('button', { name: /^ssh on local/ })).toBeFocused();
});

test('columns and profiles change many sensors at once', async ({ skep, page }) => {
  await skep.startSensor();
  await logIn(page, skep);
  for (const name of ['east', 'west']) {
    await page.goto(`${skep.url}/sensors`);
    await live(page);
    await page.getByRole('button', { name: 'Add sensor' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill(name);
    await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
  }
  await page.goto(`${skep.url}/sensors/matrix`);
  await live(page);
  await page.getByRole('button', { name: 'Edit services' }).click();
  await page.getByRole('checkbox', { name: 'Choose east' }).check();
  await page.getByRole('checkbox', { name: 'Choose west' }).check();
  await page.getByText('Profiles', { exact: true }).click();
  await page.getByRole('button', { name: 'Nothing' }).click();
  await expect(page.getByText('14 changes on 2 sensors')).toBeVisible();
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page.getByRole('button', { name: 'ssh on east: not scheduled' })).toBeVisible();
  await page.getByRole('checkbox', { name: 'telnet on all these sensors' }).check();
  await page.getByText('Profiles', { exact: true }).click();
  await page.getByRole('button', { name: 'Router' }).click();
  await expect(page.getByText('4 changes on 2 sensors')).toBeVisible();
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page.getByRole('button', { name: 'telnet on west: scheduled' })).toBeVisible();
  const every = page.getByRole('checkbox', { name: 'All services on west' });
  expect(await every.evaluate((box: HTMLInputElement) => [box.checked, box.indeterminate])).toEqual([false, true]);
  await every.check();
  await expect(page.getByText('5 changes on 1 sensor')).toBeVisible();
  await every.uncheck();
  await expect(page.getByText('2 changes on 1 sensor')).toBeVisible();
  await page.getByRole('searchbox').fill('wes');
  await expect(page.getByRole('button', { name: /^telnet on / })).toHaveCount(1);
});

test('many sensors scroll, and are found while scrolled', async ({ skep, page }) => {
  const token = await skep.token();
  const ask = async (path: string, data?: object) => {
    const options = { headers: { authorization: `Bearer ${token}` }, data };
    const answer = await (data ? page.request.post(`${skep.url}${path}`, options) : page.request.get(`${skep.url}${path}`, options));
    expect(answer.ok()).toBe(true);
    return answer.json();
  };
  const group = (await ask('/api/v1/groups')).items[0].id;
  for (let number = 100; number < 400; number += 1) await ask('/api/v1/sensors', { name: `sensor-${number}`, group });
  await logIn(page, skep);
  await page.goto(`${skep.url}/sensors/matrix`);
  await live(page);
  const names = page.locator('.matrix tr.row a');
  await expect(names.first()).toHaveText('sensor-100');
  await expect.poll(() => names.count(), 'only rows in sight are made').toBeLessThan(60);
  const scroll = (share: number) =>
    page.locator('.matrix').evaluate((place, share) => {
      place.scrollTop = place.scrollHeight * share;
    }, share);
  await scroll(0.5);
  await expect(page.getByRole('link', { name: 'sensor-250' })).toBeInViewport();
  await scroll(1);
  await expect(page.getByRole('link', { name: 'sensor-399' })).toBeInViewport();
  await page.getByRole('searchbox').fill('sensor-30');
  await expect(names).toHaveCount(10);
  await expect(names.first()).toBeInViewport();
});
