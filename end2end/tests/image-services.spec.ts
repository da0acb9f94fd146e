import type { Page } from '@playwright/test';
import { expect, live, logIn, rows, test } from '../support/fixtures';
import { Elsewhere, docker, engine, push, savedImage } from '../support/images';
import { type Skep, freePorts } from '../support/skep';

const cell = (page: Page) => page.getByRole('button', { name: /^imitation on edge: / });
const service = (page: Page) => page.getByRole('listitem').filter({ hasText: 'imitation' });

/** Adds a sensor that may use the engine, and starts it. */
async function startSensor(skep: Skep): Promise<void> {
  const headers = { authorization: `Bearer ${await skep.token()}`, 'content-type': 'application/json' };
  const ask = async (path: string, body?: object) => {
    const how = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers };
    return (await fetch(`${skep.url}/api/v1${path}`, how)).json();
  };
  const group = (await ask('/groups')).items[0].id;
  const { command } = await ask('/sensors', { name: 'edge', group });
  await skep.startSensorBy(`${command} --engine ${engine()} --user root`);
}

/** Uploads an archive in the browser. */
async function upload(page: Page, skep: Skep, archive: string, fields: Record<string, string>): Promise<void> {
  await page.goto(`${skep.url}/services`);
  await live(page);
  await page.getByRole('button', { name: 'Add a service' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a service' });
  await dialog.getByLabel('Archive').setInputFiles(archive);
  await dialog.getByText('What it does not say itself').click();
  for (const [label, value] of Object.entries(fields)) await dialog.getByLabel(label, { exact: true }).fill(value);
  await dialog.getByLabel('Events come').selectOption('json-lines');
  await dialog.getByRole('button', { name: 'Upload' }).click();
}

/** Opens the matrix for changes. */
async function edit(page: Page, skep: Skep): Promise<void> {
  await page.goto(`${skep.url}/sensors/matrix`);
  await live(page);
  await page.getByRole('button', { name: 'Edit services' }).click();
}

/** Lets sensors run another revision. */
async function roll(page: Page, skep: Skep, label: string): Promise<void> {
  await page.goto(`${skep.url}/services`);
  await live(page);
  await service(page).locator('summary').click();
  await service(page).getByRole('row', { name: label }).getByRole('button', { name: 'Let sensors run it' }).click();
  await expect(service(page).locator('summary')).toContainText(`image ${label}`);
  await page.goto(`${skep.url}/sensors/matrix`);
  await live(page);
}

// There is one engine, and one machine elsewhere.
test.describe.configure({ mode: 'default' });

test('an image: uploaded, deployed, attacked, rolled on, broken, mended, gone', async ({ skep, page }) => {
  test.setTimeout(180_000);
  await startSensor(skep);
  await logIn(page, skep);
  const [port = 0] = await freePorts(1);
  const elsewhere = await Elsewhere.start();
  const running = () => docker('ps', '--format', '{{.Image}}');
  try {
    await test.step('what is no image is refused, with the reason', async () => {
      await upload(page, skep, __filename, { Name: 'imitation', Revision: '0.9' });
      await expect(page.getByRole('alert')).toContainText('This cannot be taken');
      await expect(service(page)).toHaveCount(0);
    });

    await test.step('uploaded', async () => {
      // The connection breaks once.
      await page.route('**/fn/append_upload*', (route) => route.abort(), { times: 1 });
      const archive = await savedImage(skep.folder, '1.0', 'serve', '2222', 'json');
      await upload(page, skep, archive, { Revision: '1.0', Ports: `2222/tcp:${port}` });
      await expect(page.getByText('The server does not answer.')).toBeVisible();
      await expect(page.getByRole('alert')).toContainText("an image does not say its service's name by itself");
      await page.getByRole('button', { name: 'Say more, and try again' }).click();
      const dialog = page.getByRole('dialog', { name: 'Add a service' });
      await expect(dialog).toContainText('1.0.tar');
      const fields = { Name: 'imitation', Revision: '1.0', Ports: `2222/tcp:${port}` };
      for (const [label, value] of Object.entries(fields)) await dialog.getByLabel(label, { exact: true }).fill(value);
      await dialog.getByLabel('Events come').selectOption('json-lines');
      await dialog.getByRole('button', { name: 'Upload' }).click();
      await expect(page.getByText('imitation is in the registry.')).toBeVisible();
      await expect(service(page)).toContainText('0 sensors');
    });

    await test.step('ticked: first blue, then green', async () => {
      const states: string[] = [];
      await page.exposeFunction('seen', (name: string) => states.push(name));
      await page.addInitScript(() => {
        setInterval(() => {
          const cell = document.querySelector('.matrix [aria-label^="imitation on edge: "]');
          const name = cell?.getAttribute('aria-label');
          const page = window as unknown as { last?: string; seen: (name: string) => void };
          if (name && name !== page.last) page.seen((page.last = name));
        }, 5);
      });
      await edit(page, skep);
      await cell(page).press('F2');
      const dialog = page.getByRole('dialog', { name: 'imitation on edge' });
      await dialog.getByRole('button', { name: 'Once more' }).click();
      // Both families.
      await dialog.getByLabel('Address').fill('::');
      await dialog.getByRole('button', { name: 'Take over' }).click();
      await page.getByRole('button', { name: 'Apply' }).click();
      await expect(cell(page)).toHaveAccessibleName('imitation on edge: running', { timeout: 30_000 });
      expect(states.join('\n')).toMatch(/: (scheduled|downloading)/);
      await expect.poll(running).toHaveLength(1);
    });

    await test.step('attacked over IPv4 and IPv6', async () => {
      expect(await elsewhere.says(Elsewhere.here.v4, port, 'typed-over-four')).toContain(Elsewhere.v4);
      expect(await elsewhere.says(Elsewhere.here.v6, port, 'typed-over-six')).toContain(Elsewhere.v6);
      await page.goto(`${skep.url}/events?service=imitation`);
      await expect(rows(page, 'typed-over-four')).toContainText(Elsewhere.v4);
      await expect(rows(page, 'typed-over-six')).toContainText(Elsewhere.v6);
    });

    await test.step('what the container printed', async () => {
      await page.goto(`${skep.url}/sensors/matrix`);
      await live(page);
      await cell(page).click();
      const dialog = page.getByRole('dialog', { name: 'imitation on edge' });
      await dialog.getByText('Log of the container').click();
      await expect(dialog.getByRole('group', { name: 'Log of the container' })).toContainText('typed-over-six');
    });

    const first = await running();
    await test.step('another revision: the sensor rolls on', async () => {
      const archive = await savedImage(skep.folder, '1.1', 'serve', '2222', 'json');
      // The page is closed before anything has come; the next visit goes on.
      await page.route('**/fn/append_upload*', () => {});
      await upload(page, skep, archive, { Name: 'imitation', Revision: '1.1', Ports: `2222/tcp:${port}` });
      await expect(page.getByRole('region', { name: '1.1.tar' })).toBeVisible();
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      await page.reload();
      await page.getByLabel('choose the same file again').setInputFiles(__filename);
      await expect(page.getByRole('alert')).toContainText('another file');
      await page.getByLabel('choose the same file again').setInputFiles(archive);
      await expect(page.getByText('imitation is in the registry.')).toBeVisible();
      await roll(page, skep, '1.1');
      await expect.poll(async () => (await running()).join() !== first.join() && (await running()).length).toBe(1);
      await expect(cell(page)).toHaveAccessibleName('imitation on edge: running', { timeout: 30_000 });
      expect(await elsewhere.says(Elsewhere.here.v4, port, 'hello-again')).toContain(Elsewhere.v4);
    });

    await test.step('a broken one is red, and says why', async () => {
      const archive = await savedImage(skep.folder, '1.2', 'exit', '3');
      await upload(page, skep, archive, { Name: 'imitation', Revision: '1.2', Ports: `2222/tcp:${port}` });
      await expect(page.getByText('imitation is in the registry.')).toBeVisible();
      await roll(page, skep, '1.2');
      await expect(cell(page)).toHaveAccessibleName(/^imitation on edge: failed, .*there is no such file/, { timeout: 40_000 });
    });

    await test.step('mended by the revision of before; the broken one can go', async () => {
      await roll(page, skep, '1.1');
      await expect(cell(page)).toHaveAccessibleName('imitation on edge: running', { timeout: 40_000 });
      await page.goto(`${skep.url}/services`);
      await live(page);
      await service(page).locator('summary').click();
      await service(page).getByRole('button', { name: 'Remove 1.2' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
      await expect(service(page).getByRole('row', { name: '1.2' })).toHaveCount(0);
    });

    await test.step('unticked: container and images are gone, and the service can go', async () => {
      await edit(page, skep);
      await cell(page).click();
      await page.getByRole('button', { name: 'Apply' }).click();
      await expect(cell(page)).toHaveAccessibleName('imitation on edge: not scheduled');
      await expect.poll(() => docker('ps', '-aq')).toHaveLength(0);
      await expect.poll(() => docker('images', '-q'), { timeout: 30_000 }).toHaveLength(0);
      await page.goto(`${skep.url}/services`);
      await live(page);
      await service(page).locator('summary').click();
      await service(page).getByRole('button', { name: 'Remove', exact: true }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
      await expect(service(page)).toHaveCount(0);
    });
  } finally {
    await elsewhere.stop();
  }
});

test('an image: pushed with docker, deployed, attacked, pinned', async ({ skep, page }) => {
  test.setTimeout(120_000);
  await startSensor(skep);
  await logIn(page, skep);
  const [port = 0] = await freePorts(1);
  const token = await skep.token('push');
  const elsewhere = await Elsewhere.start();
  const running = () => docker('ps', '--format', '{{.Image}}');
  const pushed = (label: string) => push(new URL(skep.url), token, skep.folder, label, port);
  try {
    await test.step('pushed, ticked, attacked', async () => {
      await pushed('1.0');
      await edit(page, skep);
      await cell(page).click();
      await page.getByRole('button', { name: 'Apply' }).click();
      await expect(cell(page)).toHaveAccessibleName('imitation on edge: running', { timeout: 30_000 });
      expect(await elsewhere.says(Elsewhere.here.v4, port, 'typed-at-the-pushed')).toContain(Elsewhere.v4);
      await page.goto(`${skep.url}/events?service=imitation`);
      await expect(rows(page, 'typed-at-the-pushed')).toContainText(Elsewhere.v4);
    });

    const first = await running();
    await test.step('pinned: it stays when the service goes on', async () => {
      await pushed('1.1');
      await page.goto(`${skep.url}/sensors/matrix`);
      await live(page);
      await cell(page).click();
      const dialog = page.getByRole('dialog', { name: 'imitation on edge' });
      await dialog.getByLabel('Revision').selectOption('Always 1.0');
      await dialog.getByRole('button', { name: 'Take over' }).click();
      await page.getByRole('button', { name: 'Apply' }).click();
      await expect(page.getByText('1 sensor has something new to run.')).toBeVisible();
      await roll(page, skep, '1.1');
      await cell(page).hover();
      await expect(page.getByRole('tooltip')).toContainText('Always 1.0');
      await expect(cell(page)).toHaveAccessibleName('imitation on edge: running', { timeout: 30_000 });
      expect(await running()).toEqual(first);
      await page.goto(`${skep.url}/services`);
      await service(page).locator('summary').click();
      await expect(service(page).getByRole('row', { name: '1.0' })).toContainText('1 instance');
    });

    await test.step('let go, it follows', async () => {
      await page.goto(`${skep.url}/sensors/matrix`);
      await live(page);
      await cell(page).click();
      const dialog = page.getByRole('dialog', { name: 'imitation on edge' });
      await dialog.getByLabel('Revision').selectOption({ index: 0 });
      await dialog.getByRole('button', { name: 'Take over' }).click();
      await page.getByRole('button', { name: 'Apply' }).click();
      await expect.poll(async () => (await running()).join() !== first.join() && (await running()).length, { timeout: 30_000 }).toBe(1);
    });

    await test.step('what another registry does not have', async () => {
      await page.goto(`${skep.url}/services`);
      await live(page);
      await page.getByRole('button', { name: 'Fetch from a registry' }).click();
      const dialog = page.getByRole('dialog', { name: 'Fetch from a registry' });
      await dialog.getByLabel('Image').fill('127.0.0.1:9/no/such:1.0');
      await dialog.getByRole('button', { name: 'Fetch' }).click();
      await expect(page.getByRole('alert')).toBeVisible();
      await expect(page.getByRole('heading', { name: '127.0.0.1:9/no/such:1.0' })).toBeVisible();
      await page.getByRole('button', { name: 'Close' }).click();
      await expect(page.getByRole('heading', { name: '127.0.0.1:9/no/such:1.0' })).toHaveCount(0);
    });
  } finally {
    await elsewhere.stop();
  }
});
