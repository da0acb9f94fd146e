import { accessible } from '../support/accessible';
import { sshLogin } from '../support/attacks';
import { expect, live, logIn, open, panel, rows, test } from '../support/fixtures';
import { password } from '../support/skep';

test('words lead to any place', async ({ skep, page }) => {
  await skep.startSensor();
  await logIn(page, skep);
  await live(page);
  await page.keyboard.press('Control+k');
  const field = page.getByRole('combobox', { name: /Page, sensor/ });
  await expect(field).toBeFocused();
  await accessible(page);
  await field.pressSequentially('loc');
  await expect(page.getByRole('option', { name: /^local/ })).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'local' })).toBeVisible();
  await page.getByRole('button', { name: 'Jump' }).click();
  await field.fill('192.0.2.7');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/source=192\.0\.2\.7/);
  await page.keyboard.press('Control+k');
  await expect(field).toHaveValue('');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`${skep.url}/events`);
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Escape');
  await expect(field).toBeHidden();
});

test('on a small screen More leads to what the bar has no place for', async ({ skep, page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await logIn(page, skep);
  await live(page);
  const bar = page.getByRole('navigation', { name: 'Main' });
  await expect(bar.getByRole('link')).toHaveCount(3);
  await bar.getByRole('button', { name: 'More' }).click();
  await page.getByRole('option', { name: /Audit log/ }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Audit log' })).toBeVisible();
});

test('a status is taken back; comments of two people do not overwrite each other', async ({ skep, page, browser }) => {
  await skep.startSensor();
  await sshLogin(skep.ports.ssh, 'root', 'a-guess');
  await logIn(page, skep);
  await page.goto(`${skep.url}/events`);
  await live(page);
  await open(page, rows(page));
  await live(page);
  const context = await browser.newContext({ storageState: await page.context().storageState() });
  const other = await context.newPage();
  await other.goto(page.url());
  await live(other);

  await page.getByLabel('Status').selectOption('resolved');
  await expect(other.getByLabel('Status')).toHaveValue('resolved');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByLabel('Status')).toHaveValue('new');
  await expect(other.getByLabel('Status')).toHaveValue('new');

  await page.getByLabel('Comment').fill('mine');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(other.getByLabel('Comment')).toHaveValue('mine');
  await other.getByLabel('Comment').fill('theirs, not sent yet');
  await page.getByLabel('Comment').fill('mine, again');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(panel(other, 'Work')).toContainText('Somebody wrote meanwhile: mine, again');
  await other.getByRole('button', { name: 'Save' }).click();
  await expect(panel(other, 'Work')).toContainText('Somebody else changed this meanwhile');
  await other.getByRole('button', { name: 'Overwrite it' }).click();
  await other.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByLabel('Comment')).toHaveValue('theirs, not sent yet');
  await context.close();
});

test('the API is read and tried in its page', async ({ skep, page }) => {
  await skep.startSensor();
  await sshLogin(skep.ports.ssh, 'root', 'a-guess');
  await logIn(page, skep);
  await page.goto(`${skep.url}/api?operation=events_list`);
  await live(page);
  await expect(panel(page, 'What it takes').getByRole('row').filter({ hasText: 'severity' })).toContainText('list of');
  await expect(panel(page, 'What it gives')).toContainText('items[].source.address');
  await page.getByLabel('API token').fill(await skep.token());
  await page.getByLabel('limit').fill('1');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.locator('.answer')).toContainText('"service": "ssh"');
  await expect(page.locator('#api-command')).toContainText(`'${skep.url}/api/v1/events?limit=1'`);
  await page.getByRole('link', { name: 'Make a group' }).click();
  await page.getByLabel('Body').fill('{ "name": "" }');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.locator('.answer')).toContainText('name: is empty');
});

test('sensors are found by name, group and state', async ({ skep, page }) => {
  await skep.startSensor();
  await logIn(page, skep);
  await page.goto(`${skep.url}/sensors`);
  await live(page);
  for (const name of ['office-1', 'office-2']) {
    await page.getByRole('button', { name: 'Add sensor' }).first().click();
    await page.getByRole('dialog').getByLabel('Name').fill(name);
    await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('button', { name: 'Done' }).click();
  }
  const names = page.locator('.sensors tbody a[href^="/sensors/"]');
  await expect(names).toHaveText(['local', 'office-1', 'office-2']);
  await page.getByLabel('Name, address').fill('OFFICE');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(names).toHaveText(['office-1', 'office-2']);
  await page.goto(`${skep.url}/sensors?state=online`);
  await expect(names).toHaveText(['local']);
  await page.goto(`${skep.url}/sensors?text=none`);
  await expect(page.getByRole('heading', { name: 'No sensor is like that' })).toBeVisible();
});

test('certificates are renewed, and the sensor goes on', async ({ skep, page }) => {
  await skep.startSensor();
  await logIn(page, skep);
  await page.goto(`${skep.url}/system`);
  await live(page);
  const about = panel(page, 'About this server');
  const before = await about.locator('code').last().innerText();
  await about.getByRole('button', { name: 'Renew certificates' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Renew certificates' }).click();
  await expect(about.locator('code').last()).not.toHaveText(before);
  await skep.restartSensor();
  await sshLogin(skep.ports.ssh, 'root', 'after-the-renewal');
  await page.goto(`${skep.url}/events`);
  await expect(rows(page, 'after-the-renewal')).toHaveCount(1);
});

test('a login leads on to the page that was asked for, and nowhere else', async ({ skep, page }) => {
  await page.goto(`${skep.url}/sensors?state=online`);
  const enter = async () => {
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
  };
  await enter();
  await expect(page).toHaveURL(`${skep.url}/sensors?state=online`);
  await page.context().clearCookies();
  await page.goto(`${skep.url}/login?to=//example.org/`);
  await enter();
  await expect(page).toHaveURL(`${skep.url}/`);
});

test('several events are decided at once, and undone', async ({ skep, page }) => {
  await skep.startSensor();
  for (const guess of ['first-guess', 'second-guess', 'third-guess']) await sshLogin(skep.ports.ssh, 'root', guess);
  await logIn(page, skep);
  await page.goto(`${skep.url}/events`);
  await live(page);
  await expect(rows(page)).toHaveCount(3);
  await rows(page, 'first-guess').getByRole('checkbox').check();
  await rows(page, 'third-guess').getByRole('checkbox').check();
  const bar = page.getByRole('group', { name: '2 events chosen' });
  await bar.getByRole('button', { name: 'Resolved' }).click();
  await expect(rows(page, 'Resolved')).toHaveCount(2);
  await expect(bar).toBeHidden();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(rows(page, 'Resolved')).toHaveCount(0);
  await page.getByRole('checkbox', { name: 'Choose all' }).check();
  await page.getByRole('group', { name: '3 events chosen' }).getByRole('button', { name: 'Archive' }).click();
  await expect(rows(page)).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(rows(page)).toHaveCount(3);
  // The whole row leads to its event.
  await rows(page, 'second-guess').click({ position: { x: 300, y: 12 } });
  await expect(page.getByRole('heading', { level: 2, name: /second-guess/ })).toBeVisible();
});

test('a browser that signs in at the web honeypot is one event with what it typed', async ({ skep, page, browser }) => {
  await skep.startSensor();
  const context = await browser.newContext();
  const attacker = await context.newPage();
  await attacker.goto(`http://127.0.0.1:${skep.ports.web}/login`);
  await attacker.getByLabel('Username').fill('admin');
  await attacker.getByLabel('Password').fill('<b>pa ss</b>');
  await attacker.getByRole('button', { name: 'Sign in' }).click();
  await expect(attacker.getByText('Invalid username or password.')).toBeVisible();
  await context.close();
  await logIn(page, skep);
  await page.goto(`${skep.url}/events?service=http`);
  await live(page);
  await expect(rows(page)).toHaveCount(1);
  await open(page, rows(page));
  await expect(page.getByRole('heading', { level: 1 })).toContainText('admin / <b>pa ss</b>');
  const requests = panel(page, 'Timeline');
  await expect(requests).toContainText('GET /login');
  await expect(requests).toContainText('POST /login');
  await expect(requests).toContainText('Mozilla/5.0');
});
