import type { Page } from '@playwright/test';
import { sshLogin } from '../support/attacks';
import { expect, live, logIn, open, rows, test } from '../support/fixtures';
import type { Skep } from '../support/skep';

/** Pages with their headings, the first visit's one at first. */
const places: [string, string][] = [
  ['/', 'Dashboard'],
  ['/events', 'Events'],
  ['/sensors', 'Sensors'],
  ['/sensors/matrix', 'Services on sensors'],
  ['/services', 'Services'],
  ['/quarantine', 'Quarantine'],
  ['/users', 'Users'],
  ['/tokens', 'API tokens'],
  ['/audit', 'Audit log'],
  ['/system', 'System'],
  ['/api', 'REST API'],
  ['/profile', 'Profile'],
];

async function shows(page: Page, skep: Skep, path: string, heading: string | RegExp): Promise<void> {
  await expect(page).toHaveURL(`${skep.url}${path}`);
  await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
  await live(page);
}

/** Marks the document; gives whether it is the same one later. */
async function mark(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate(() => Object.assign(window, { marked: true }));
  return () => page.evaluate(() => 'marked' in window);
}

/** Names of the WASM files that pages load from now on. */
function loads(page: Page): string[] {
  const names: string[] = [];
  page.on('request', (request) => {
    const name = /\/([^/]+)\.wasm$/.exec(request.url())?.[1];
    if (name) names.push(name);
  });
  return names;
}

test('a first visit loads no part that it does not show', async ({ skep, page }) => {
  const loaded = loads(page);
  await logIn(page, skep);
  await live(page);
  expect(new Set(loaded)).toEqual(new Set(['skep']));
  await page.getByRole('link', { name: 'Sensors' }).first().click();
  await shows(page, skep, '/sensors', 'Sensors');
  expect(loaded).toContain('split_sensing');
  expect(loaded).not.toContain('split_rare');
});

test('every page by its address, by links, back and forward', async ({ skep, page }) => {
  await skep.startSensor();
  await sshLogin(skep.ports.ssh, 'root', 'a-guess');
  await logIn(page, skep);
  await page.goto(`${skep.url}/events`);
  await expect(rows(page)).toHaveCount(1);
  const event = `/events/${await rows(page).getAttribute('data-event')}`;
  await page.goto(`${skep.url}/sensors`);
  const sensor = (await page.locator('tbody a[href^="/sensors/"]').first().getAttribute('href')) ?? '';
  const all: [string, string | RegExp][] = [...places, [event, /root/], [sensor, 'local']];

  await test.step('by address', async () => {
    for (const [path, heading] of all) {
      await page.goto(`${skep.url}${path}`);
      await shows(page, skep, path, heading);
    }
  });

  await test.step('by links', async () => {
    await page.goto(skep.url);
    await live(page);
    const same = await mark(page);
    for (const [path, heading] of [...places.slice(1), ...places.slice(0, 1)]) {
      if (path === '/profile') await page.getByLabel('Account').click();
      await page.locator(`a[href="${path}"]:visible`).first().click();
      await shows(page, skep, path, heading);
    }
    for (const [path, heading] of [...places].reverse()) {
      await page.goBack();
      await shows(page, skep, path, heading);
    }
    for (const [path, heading] of places.slice(1)) {
      await page.goForward();
      await shows(page, skep, path, heading);
    }
    expect(await same(), 'all of this in one document').toBe(true);
  });

  await test.step('from a part to another', async () => {
    await page.goto(`${skep.url}/events`);
    await live(page);
    const same = await mark(page);
    await open(page, rows(page));
    await shows(page, skep, event, /root/);
    await page.locator(`a[href="/sensors"]:visible`).first().click();
    await shows(page, skep, '/sensors', 'Sensors');
    await page.locator(`a[href="${sensor}"]:visible`).first().click();
    await shows(page, skep, sensor, 'local');
    await page.goBack();
    await page.goBack();
    await shows(page, skep, event, /root/);
    expect(await same(), 'all of this in one document').toBe(true);
  });
});

test('a time is the server’s until the page is taken over, then the reader’s', async ({ skep, page }) => {
  await skep.startSensor();
  await sshLogin(skep.ports.ssh, 'root', 'a-guess');
  await logIn(page, skep);
  const path = '**/split_attacks.wasm';
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(path, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${skep.url}/events`);
  const time = rows(page).locator('time').first();
  const utc = new Date((await time.getAttribute('datetime')) ?? '').toISOString().slice(11, 16);
  await page.waitForTimeout(1000);
  await expect(time).toContainText(utc);
  release();
  await live(page);
  await expect(time).not.toContainText(utc);
});

test('without a part, a page is what the server made, and a link opens a document', async ({ skep, page, browser }) => {
  await logIn(page, skep);
  // The context of the fixture would take the failure for a fault.
  const context = await browser.newContext({ storageState: await page.context().storageState() });
  const visitor = await context.newPage();
  const parts = '**/split_*.wasm';

  await visitor.goto(skep.url);
  await live(visitor);
  await visitor.route(parts, (route) => route.fulfill({ status: 404 }));
  const same = await mark(visitor);
  await visitor.locator('a[href="/users"]:visible').first().click();
  await expect(visitor.getByRole('heading', { level: 1, name: 'Users' })).toBeVisible();
  await expect(visitor).toHaveURL(`${skep.url}/users`);
  expect(await same()).toBe(false);

  let documents = 0;
  visitor.on('request', (request) => (documents += Number(request.isNavigationRequest())));
  await visitor.waitForTimeout(1500);
  expect(documents, 'it does not try for ever').toBe(0);
  await visitor.locator('a[href="/audit"]:visible').first().click();
  await expect(visitor.getByRole('heading', { level: 1, name: 'Audit log' })).toBeVisible();

  await visitor.unroute(parts);
  await visitor.reload();
  await shows(visitor, skep, '/audit', 'Audit log');
  await context.close();
});
