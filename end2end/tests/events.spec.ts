import { Shell, nmap, sshLogin } from '../support/attacks';
import { expect, live, logIn, open, openBeside, panel, rows, test } from '../support/fixtures';

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

test('the open event stands beside the list, grows there, and its address can be shared', async ({ skep, page, context }) => {
  await skep.startSensor();
  await sshLogin(skep.ports.ssh, 'root', 'the-first');
  const shell = await Shell.ssh(skep.ports.ssh, 'root', '123456');
  await logIn(page, skep);
  await page.goto(`${skep.url}/events`);
  await live(page);
  const pane = page.getByRole('complementary', { name: 'Open event' });
  const session = rows(page, 'root / 123456');

  await test.step('what is typed shows up in it', async () => {
    await openBeside(page, session);
    await expect(panel(page, 'Credentials')).toContainText('accepted');
    await shell.type('id; echo seen-beside');
    await expect(panel(page, 'Commands')).toContainText('id; echo seen-beside');
    await expect(rows(page)).toHaveCount(2);
  });

  await test.step('in another window the address shows the same', async () => {
    const other = await context.newPage();
    await other.goto(page.url());
    await expect(panel(other, 'Commands')).toContainText('id; echo seen-beside');
    await other.close();
  });

  await test.step('keys', async () => {
    await page.keyboard.press('j');
    await expect(panel(page, 'Credentials')).toContainText('the-first');
    await page.keyboard.press('k');
    await expect(panel(page, 'Commands')).toContainText('id; echo seen-beside');
    await page.keyboard.press('x');
    await expect(page.getByRole('group', { name: '1 event chosen' })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(pane).toHaveCount(0);
    await expect(page).toHaveURL(/\/events$/);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await expect(panel(page, 'Credentials')).toContainText('the-first');
  });

  await test.step('letters that are typed into a field are for the field', async () => {
    const address = page.url();
    await page.getByLabel('Source', { exact: true }).pressSequentially('jkx');
    await expect(page.getByLabel('Source', { exact: true })).toHaveValue('jkx');
    expect(page.url()).toBe(address);
    await page.getByLabel('Source', { exact: true }).clear();
  });

  await test.step('deciding beside the list', async () => {
    await pane.getByLabel('Status').selectOption('resolved');
    await expect(rows(page, 'the-first')).toContainText(/resolved/i);
    await pane.getByRole('button', { name: 'Archive' }).click();
    await expect(rows(page)).toHaveCount(1);
    await expect(pane).toHaveCount(0);
  });
  await shell.leave();
});

test('quick filters say how many there are of each kind, and show only those', async ({ skep, page }) => {
  await skep.startSensor();
  await sshLogin(skep.ports.ssh, 'root', 'first');
  await nmap(skep.ports.catchAll);
  await logIn(page, skep);
  await page.goto(`${skep.url}/events`);
  await live(page);
  const quick = page.getByRole('navigation', { name: 'Quick filters' });
  await expect(rows(page, /ports scanned/)).toHaveCount(1);
  await expect(quick.getByRole('link', { name: 'ssh 1' })).toBeVisible();

  await sshLogin(skep.ports.ssh, 'root', 'second');
  await expect(quick.getByRole('link', { name: 'ssh 2' }), 'they count along').toBeVisible();

  await quick.getByRole('link', { name: 'ssh 2' }).click();
  await expect(page).toHaveURL(/\/events\?service=ssh$/);
  await expect(rows(page)).toHaveCount(2);
  await expect(page.getByRole('combobox', { name: 'Service' })).toHaveValue('ssh');

  await quick.getByRole('link', { name: 'ssh 2' }).click();
  await expect(page).toHaveURL(/\/events$/);
  await expect(rows(page, /ports scanned/)).toHaveCount(1);
});
