import { type Page, test as base, expect } from '@playwright/test';
import { Skep, password } from './skep';

interface Options {
  /** Whether the server has its user before the first page is opened. */
  unattended: boolean;
}

interface Fixtures {
  /** A fresh server. */
  skep: Skep;
}

/**
 * Every page of a test is watched: an error in the console, an exception, a dialog of the browser or a breach of
 * the content policy fails the test.
 */
export const test = base.extend<Options & Fixtures>({
  unattended: [true, { option: true }],

  skep: async ({ unattended }, use, info) => {
    const skep = await Skep.start(unattended);
    await use(skep);
    if (info.status !== info.expectedStatus) {
      await info.attach('log of server and sensors', { body: skep.log.join('\n'), contentType: 'text/plain' });
    }
    await skep.stop();
  },

  context: async ({ context }, use) => {
    const faults: string[] = [];
    context.on('console', (message) => {
      // The browser says this of every answer with an error status, also of those that a page expects.
      const expected = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !expected) faults.push(`console: ${message.text()}`);
    });
    context.on('weberror', (error) => faults.push(`exception: ${error.error()}`));
    context.on('dialog', (dialog) => {
      faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await use(context);
    expect(faults).toEqual([]);
  },
});

export { expect };

/** Fills in the login form and waits for the dashboard. */
export async function logIn(page: Page, skep: Skep): Promise<void> {
  await page.goto(`${skep.url}/login`);
  await page.getByLabel('User name').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible();
}

/** Waits until the page is alive: WASM has taken it over and the live stream stands. */
export async function live(page: Page): Promise<void> {
  await expect(page.getByRole('status').getByText('Live', { exact: true })).toBeVisible();
}

/** Rows of the event list that contain all these texts. */
export function rows(page: Page, ...texts: (string | RegExp)[]) {
  return texts.reduce((found, hasText) => found.filter({ hasText }), page.locator('tr[data-event]'));
}

/** The panel of a page that a heading names. */
export function panel(page: Page, name: string) {
  return page.locator('section').filter({ has: page.getByRole('heading', { name, exact: true }) }).last();
}

/** Opens the event of a row beside the list. */
export async function openBeside(page: Page, row: ReturnType<typeof rows>): Promise<void> {
  const id = await row.first().getAttribute('data-event');
  await row.first().getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(`[?&]open=${id}$`));
}

/** Opens the event of a row on its own page, without leaving the page's document. */
export async function open(page: Page, row: ReturnType<typeof rows>): Promise<void> {
  const id = await row.first().getAttribute('data-event');
  await openBeside(page, row);
  await page.getByRole('link', { name: 'Whole event' }).click();
  await expect(page).toHaveURL(new RegExp(`/events/${id}$`));
}
