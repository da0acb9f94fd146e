import type { Page } from '@playwright/test';
import { Shell } from '../support/attacks';
import { expect, live, logIn, open, panel, rows, test } from '../support/fixtures';

/** The line of a table that a name begins. */
const line = (page: Page, name: string) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });

test('a colleague gets an account, chooses a password, and sees what the role allows', async ({ skep, page, browser }) => {
  await logIn(page, skep);
  await page.goto(`${skep.url}/users`);
  await live(page);

  await page.getByRole('button', { name: 'Add group' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('default');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('dialog').getByText('This name is taken')).toBeVisible();
  await page.getByRole('dialog').getByLabel('Name').fill('branch');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(line(page, 'branch')).toBeVisible();

  await page.getByRole('button', { name: 'Add user' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('User name').fill('mara');
  await form.getByLabel('Role').selectOption('manager');
  await form.getByLabel('branch').check();
  await form.getByLabel('Password', { exact: true }).fill('given by the admin');
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(form).toBeHidden();
  await expect(line(page, 'mara')).toContainText('must change password');
  await expect(line(page, 'branch')).toContainText('1');

  const context = await browser.newContext({ locale: 'en-US' });
  const visitor = await context.newPage();
  await visitor.goto(`${skep.url}/login`);
  await visitor.getByLabel('User name').fill('mara');
  await visitor.getByLabel('Password', { exact: true }).fill('given by the admin');
  await visitor.getByRole('button', { name: 'Log in' }).click();
  await expect(visitor).toHaveURL(/\/password$/);
  await visitor.getByLabel('Password until now').fill('given by the admin');
  await visitor.getByLabel('New password').fill('my very own words');
  await visitor.getByLabel('Repeat password').fill('my very own words');
  await visitor.getByRole('button', { name: 'Change password' }).click();
  await expect(visitor).toHaveURL(/\/profile/);
  await expect(visitor.getByText('The password is changed')).toBeVisible();
  await expect(visitor.getByRole('link', { name: 'Quarantine' })).toBeVisible();
  await expect(visitor.getByRole('link', { name: 'Users' })).toHaveCount(0);

  // What one chooses holds on the next page, and in another browser.
  await visitor.getByRole('combobox', { name: 'Language' }).selectOption('de');
  await visitor.getByRole('combobox', { name: 'Theme' }).selectOption('dark');
  await visitor.getByRole('button', { name: 'Save' }).click();
  await expect(visitor.getByRole('heading', { name: 'Passwort', exact: true })).toBeVisible();
  await expect(visitor.locator('html')).toHaveAttribute('data-theme', 'dark');
  await context.clearCookies();
  await visitor.goto(`${skep.url}/login`);
  await visitor.getByLabel('User name').fill('mara');
  await visitor.getByLabel('Password', { exact: true }).fill('my very own words');
  await visitor.getByRole('button', { name: 'Log in' }).click();
  await expect(visitor.getByRole('heading', { level: 1, name: 'Übersicht' })).toBeVisible();

  await page.reload();
  await line(page, 'mara').getByRole('button', { name: 'Remove mara' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(line(page, 'mara')).toHaveCount(0);
  await visitor.reload();
  await expect(visitor).toHaveURL(/\/login$/);
  await context.close();

  await page.goto(`${skep.url}/audit?kind=user`);
  await expect(page.getByRole('row').filter({ hasText: 'User: removed' })).toContainText('mara');
});

test('a token is shown once, works, and ends when it is revoked', async ({ skep, page }) => {
  await logIn(page, skep);
  await page.goto(`${skep.url}/tokens`);
  await live(page);
  await page.getByRole('button', { name: 'New token' }).first().click();
  await page.getByRole('dialog').getByLabel('Name').fill('ticket system');
  await page.getByRole('dialog').getByLabel('default').check();
  await page.getByRole('dialog').getByRole('button', { name: 'Make token' }).click();
  const secret = (await page.locator('#token-secret').textContent()) ?? '';
  const ask = () => page.request.get(`${skep.url}/api/v1/events`, { headers: { authorization: `Bearer ${secret}` } });
  expect((await ask()).status()).toBe(200);
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(line(page, 'ticket system')).toBeVisible();
  expect(await page.content()).not.toContain(secret);
  await line(page, 'ticket system').getByRole('button', { name: 'Revoke ticket system' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(line(page, 'ticket system')).toContainText('Revoked');
  expect((await ask()).status()).toBe(401);
});

test('a session is played again, and goes to the archive', async ({ skep, page }) => {
  await skep.startSensor();
  const shell = await Shell.ssh(skep.ports.ssh, 'root', 'root');
  await shell.type("echo ho''ney");
  // As a person does, after a look at the answer: what comes at one moment is one picture.
  await new Promise((resolve) => setTimeout(resolve, 500));
  await shell.type("echo be''es");
  await shell.leave();
  await logIn(page, skep);
  await page.goto(`${skep.url}/events`);
  await live(page);
  await open(page, rows(page, 'root / root'));
  await live(page);
  const terminal = panel(page, 'Terminal');
  await terminal.getByRole('button', { name: 'Play' }).click();
  const screen = terminal.locator('.screen');
  await terminal.getByRole('slider').press('End');
  await expect(screen).toContainText("echo ho''ney");
  await expect(screen).toContainText('bees');
  await terminal.getByRole('slider').press('Home');
  await expect(screen).not.toContainText('bees');
  await expect(screen).toContainText('honey');

  const address = page.url();
  await page.getByRole('button', { name: 'Archive' }).click();
  await expect(page).toHaveURL(/\/events$/);
  await expect(page.getByRole('heading', { name: 'Nothing is waiting' })).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page).toHaveURL(address);
  await page.getByRole('button', { name: 'Archive' }).click();
  await expect(page).toHaveURL(/\/events$/);
  await page.goto(`${skep.url}/events?dataset=archive`);
  await expect(rows(page, 'root / root')).toHaveCount(1);
});
