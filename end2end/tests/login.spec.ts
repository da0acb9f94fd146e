import type { Page } from '@playwright/test';
import { expect, live, logIn, test } from '../support/fixtures';
import { password } from '../support/skep';

async function attempt(page: Page, user: string, secret: string): Promise<void> {
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password', { exact: true }).fill(secret);
  await page.getByRole('button', { name: 'Log in' }).click();
}

test('a wrong password and an unknown user get the same answer', async ({ skep, page }) => {
  for (const user of ['admin', 'nobody-of-this-name']) {
    await page.goto(`${skep.url}/login`);
    await attempt(page, user, 'wrong');
    await expect(page.getByRole('alert')).toHaveText('User name or password is wrong.');
    await expect(page).toHaveURL(/\/login/);
  }
});

test('failures lock the login for a time that grows', async ({ skep, page }) => {
  // The answer to one more failure: for how many seconds the login is locked now, if it is.
  const failed = async () => {
    await page.goto(`${skep.url}/login`);
    await attempt(page, 'admin', 'wrong');
    const alert = page.getByRole('alert');
    await expect(alert).not.toBeEmpty();
    return Number(/\d+/.exec(await alert.innerText())?.[0] ?? 0);
  };
  const untilLocked = async () => {
    for (let n = 0; n < 20; n += 1) {
      const seconds = await failed();
      if (seconds > 0) return seconds;
    }
    throw new Error('twenty failures in a row do not lock the login');
  };

  const first = await untilLocked();
  await page.goto(`${skep.url}/login`);
  await attempt(page, 'admin', password);
  await expect(page.getByRole('alert'), 'locked for the right password too').toContainText(/\d/);

  await page.waitForTimeout((first + 1) * 1000);
  const second = await untilLocked();
  expect(second).toBeGreaterThan(first);

  await page.waitForTimeout((second + 1) * 1000);
  await logIn(page, skep);
});

test('the session: its cookie, its beginning, its end', async ({ skep, page, context, request }) => {
  const session = async () => (await context.cookies()).find((cookie) => cookie.httpOnly);

  for (const path of ['/', '/events', '/sensors']) {
    await page.goto(`${skep.url}${path}`);
    await expect(page, 'nothing without a login').toHaveURL(/\/login/);
  }

  const before = await session();
  await logIn(page, skep);
  const first = await session();
  expect(first).toMatchObject({ httpOnly: true, path: '/', sameSite: expect.stringMatching(/^(Lax|Strict)$/) });
  expect(first?.value).not.toBe(before?.value);
  expect((await page.content()).includes(first?.value ?? '?'), 'the page does not know its session').toBe(false);

  await live(page);
  const leave = page.getByRole('button', { name: 'Log out' });
  await page.getByLabel('Account').click();
  await leave.click();
  await expect(page).toHaveURL(/\/login/);

  const stale = await request.get(`${skep.url}/events`, {
    headers: { cookie: `${first?.name}=${first?.value}` },
    maxRedirects: 0,
  });
  expect(stale.status(), 'the old session is dead, not only forgotten').toBeGreaterThanOrEqual(300);

  await logIn(page, skep);
  expect((await session())?.value, 'each login has an id of its own').not.toBe(first?.value);
});

test('other sites can neither change anything nor show the console in a frame', async ({ skep, page }) => {
  await logIn(page, skep);
  const answer = await page.request.get(`${skep.url}/events`);
  const policy = answer.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("'nonce-");
  expect(policy).toContain('frame-ancestors');
  expect(policy).not.toContain('unsafe-inline');
  expect(policy).not.toContain("'unsafe-eval'");
  const foreign = await page.request.post(`${skep.url}/login`, { headers: { origin: 'https://example.org' }, form: {} });
  expect(foreign.status()).toBeGreaterThanOrEqual(400);
});
