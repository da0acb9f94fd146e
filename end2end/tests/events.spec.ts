import { nmap, sshLogin } from '../support/attacks';
import { expect, live, logIn, open, panel, rows, test } from '../support/fixtures';

test('filters live in the address, work on an event reaches every open page', async ({ skep, page, context }) => {
  await skep.startSensor();
  await logIn(page, skep);
  await sshLogin(skep.ports.ssh, 'root', 'first-guess');
  await nmap(skep.ports.catchAll);

  await page.goto(`${skep.url}/events`);
  await live(page);
  const login = rows(page, 'root / first-guess');
  const scan = rows(page, /ports scanned/);
  await expect(login).toHaveCount(1);
  await expect(scan).toHaveCount(1);

  await test.step('one filter, by hand and by address', async () => {
    await page.goto(`${skep.url}/events?service=ssh`);
    await expect(login).toHaveCount(1);
    await expect(scan).toHaveCount(0);
    await page.goto(`${skep.url}/events?classification=scan`);
    await expect(login).toHaveCount(0);
    await expect(scan).toHaveCount(1);
    await page.goto(`${skep.url}/events`);
    await live(page);
    await page.getByLabel('Classification').selectOption('scan');
    await expect(page).toHaveURL(/[?&]classification=scan/);
    await expect(login).toHaveCount(0);
    await page.goBack();
    await expect(login).toHaveCount(1);
  });

  await test.step('status and comment', async () => {
    const watcher = await context.newPage();
    await watcher.goto(`${skep.url}/events`);
    await live(watcher);
    await expect(rows(watcher, 'root / first-guess')).toContainText(/new/i);

    await open(page, login);
    const work = panel(page, 'Work');
    await work.getByLabel('Comment').fill('A scanner of our own, <b>see</b> ticket 7.');
    await work.getByRole('button', { name: 'Save' }).click();
    await work.getByLabel('Status').selectOption('in_progress');
    await expect(rows(watcher, 'root / first-guess')).toContainText(/in progress/i);
    await page.reload();
    await expect(work.getByLabel('Comment')).toHaveValue('A scanner of our own, <b>see</b> ticket 7.');
    await expect(work.getByLabel('Status')).toHaveValue('in_progress');
  });
});

test('new events wait behind a button while the reader is elsewhere in the list', async ({ skep, page }) => {
  await skep.startSensor();
  for (let guess = 0; guess < 30; guess += 1) await sshLogin(skep.ports.ssh, 'root', `guess-${guess}`);
  await logIn(page, skep);
  await page.setViewportSize({ width: 1280, height: 400 });
  await page.goto(`${skep.url}/events`);
  await live(page);
  await rows(page).last().scrollIntoViewIfNeeded();
  await sshLogin(skep.ports.ssh, 'root', 'the-new-one');
  const waiting = page.getByRole('button', { name: /^1 new/ });
  await expect(waiting).toBeVisible();
  await expect(rows(page, 'the-new-one')).toHaveCount(0);
  await waiting.click();
  await expect(rows(page, 'the-new-one')).toHaveCount(1);
});

test('the event list is there without scripts', async ({ skep, page, browser }) => {
  await skep.startSensor();
  await sshLogin(skep.ports.ssh, 'root', 'server-rendered');
  await logIn(page, skep);
  await page.goto(`${skep.url}/events`);
  await expect(rows(page, 'server-rendered')).toHaveCount(1);

  const context = await browser.newContext({
    javaScriptEnabled: false,
    storageState: await page.context().storageState(),
  });
  const still = await context.newPage();
  await still.goto(`${skep.url}/events`);
  await expect(rows(still, 'server-rendered')).toHaveCount(1);
  await context.close();
});
