import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { send, sshExec, sshSecret, telnetLines } from '../support/attacks';
import { expect, live, logIn, rows, test } from '../support/fixtures';
import { until } from '../support/program';
import { harmful, visible } from '../support/visible';

/** Through which doors a string can come: telnet edits control bytes, a command line ends at NUL and line ends. */
type Door = 'login' | 'secret' | 'command' | 'payload';
const anywhere: Door[] = ['login', 'secret', 'command', 'payload'];

const corpus: { name: string; bytes: Buffer; doors: Door[] }[] = [
  { text: '<b data-hostile>bold</b>' },
  { text: '<script>window.__pwned=1</script>' },
  { text: '</script><script>window.__pwned=1</script>' },
  { text: '</title></style></textarea><script>window.__pwned=1</script>' },
  { text: '<img data-hostile src=x onerror=window.__pwned=1>' },
  { text: '<svg data-hostile onload=alert(1)>' },
  { text: '"\' autofocus onfocus=window.__pwned=1 data-hostile x="' },
  { text: 'javascript:window.__pwned=1' },
  { text: '--><!--<script>window.__pwned=1</script>' },
  { text: ']]><?xml version="1.0"?>&lt;&#60;&amp;' },
  { text: '{{template}} {% raw %} ${window.__pwned=1} #{7*7}' },
  { text: "=cmd|' /C calc'!A0" },
  { text: '+1+1 @SUM(A1) -2' },
  { text: "' OR 1=1; DROP TABLE events; --" },
  { text: '%s%n%x ../../etc/passwd' },
  { text: 'invoice\u{202e}gpj.exe\u{202c} \u{2066}isolate\u{2069}' },
  { text: 'zero\u{200b}width\u{feff}soft\u{ad}hyphen' },
  { text: 'line\u{2028}paragraph\u{2029}end' },
  { text: 'ünïcödé 漢字 🐝 é' },
  { bytes: Buffer.from([0x66, 0xff, 0xfe, 0x80, 0xc3, 0x28, 0xe2, 0x82, 0x6f]) },
  { text: '\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}', doors: ['command', 'payload'] as Door[] },
  { text: 'bell\u{7} back\u{8}space\u{7f} tab\t', doors: ['command', 'payload'] as Door[] },
  { text: 'nul\u{0}byte', doors: ['payload'] as Door[] },
  { text: '\r\n2026-01-01T00:00:00.000000Z  INFO forged line', doors: ['payload'] as Door[] },
].map(({ text, bytes, doors }, index) => {
  const name = `hostile-${String(index).padStart(2, '0')}-`;
  const body = bytes ?? Buffer.from(text ?? '');
  return { name, bytes: Buffer.concat([Buffer.from(name), body, Buffer.from('z')]), doors: doors ?? anywhere };
});

const through = (door: Door) => corpus.filter((entry) => entry.doors.includes(door));

test('hostile bytes are shown escaped, everywhere, and do nothing', async ({ skep, page }) => {
  test.setTimeout(420_000);
  await skep.startSensor();
  await logIn(page, skep);
  await page.goto(`${skep.url}/events`);
  await live(page);

  await test.step('as user names and passwords', async () => {
    for (const { bytes } of through('login')) await telnetLines(skep.ports.telnet, [bytes, bytes]);
  });
  await test.step('as passwords of SSH', async () => {
    const file = path.join(skep.folder, 'secret');
    for (const { bytes } of through('secret')) {
      writeFileSync(file, Buffer.concat([bytes, Buffer.from('\n')]));
      await sshSecret(skep.ports.ssh, 'guest', file);
    }
  });
  await test.step('as commands', async () => {
    const file = path.join(skep.folder, 'command');
    for (const { bytes } of through('command')) {
      writeFileSync(file, bytes);
      await sshExec(skep.ports.ssh, 'root', 'root', file);
    }
  });
  await test.step('as payloads', async () => {
    for (const { bytes } of through('payload')) await send(skep.ports.catchAll[0] ?? 0, bytes);
  });
  await test.step('as a line of a megabyte', async () => {
    const line = Buffer.concat([Buffer.from('long'), Buffer.alloc(1024 * 1024, 'A')]);
    await telnetLines(skep.ports.telnet, [Buffer.from('root'), Buffer.from('root'), line]);
    await send(skep.ports.catchAll[1] ?? 0, line);
  });

  const expected = [
    ...through('login').map((entry) => ({ ...entry, service: 'telnet' })),
    ...through('secret').map((entry) => ({ ...entry, service: 'ssh' })),
    ...through('command').map((entry) => ({ ...entry, service: 'ssh' })),
    ...through('payload').map((entry) => ({ ...entry, service: 'catch-all' })),
    { name: 'long', bytes: Buffer.from(`long${'A'.repeat(1000)}`), service: 'telnet' },
    { name: 'long', bytes: Buffer.from(`long${'A'.repeat(1000)}`), service: 'catch-all' },
  ];

  let list: { id: string; text: string }[] = [];
  await test.step('the list, as it grew and as it is rendered', async () => {
    const sessions = through('login').length + through('secret').length + through('command').length;
    await until('all sessions are listed', async () => (await rows(page).count()) > sessions, 30_000);
    await harmless(page);
    // A fresh page has fewer rows than the one that grew.
    list = await rows(page).evaluateAll((all) =>
      all.map((row) => ({ id: row.getAttribute('data-event') ?? '', text: row.textContent ?? '' })),
    );
    await page.reload();
    await harmless(page);
  });

  await test.step('every event, whole', async () => {
    const shown: { service: string; raw: string }[] = [];
    for (const { id, text } of list) {
      await page.goto(`${skep.url}/events/${id}`);
      await live(page);
      await harmless(page);
      const raw = (await page.locator('.raw').allTextContents()).join('\u{1}');
      const service = ['telnet', 'ssh', 'catch-all'].find((name) => text.includes(name)) ?? '';
      shown.push({ service, raw: unwrapped(raw) });
    }
    const missing = expected.filter(({ bytes, service }) => {
      const wanted = unwrapped(visible(bytes));
      return !shown.some((event) => event.service === service && event.raw.includes(wanted));
    });
    expect(missing.map(({ name, bytes, service }) => `${service}: ${name} as ${visible(bytes).slice(0, 80)}`)).toEqual([]);
  });

  await test.step('the other pages', async () => {
    for (const path of ['/', '/sensors']) {
      await page.goto(`${skep.url}${path}`);
      await live(page);
      await harmless(page);
    }
  });

  await test.step('the logs', () => {
    const log = skep.log;
    const broken = log.filter((line) => !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(line) || harmful.test(line));
    expect(broken.map((line) => JSON.stringify(line).slice(0, 200)), 'every line is one whole, harmless line').toEqual([]);
    const missing = expected.filter(({ bytes }) => {
      const wanted = visible(bytes.subarray(0, 150));
      return !log.some((line) => line.includes(wanted));
    });
    expect(missing.map(({ name, service }) => `${service}: ${name}`), 'the log has each, escaped').toEqual([]);
  });
});

/** A line end that a payload is drawn with is no part of the escaped text. */
function unwrapped(text: string): string {
  return text.replace(/[\r\n]/g, '');
}

/** Nothing of the corpus ran, became an element, or stands raw in the page, neither now nor as the server sent it. */
async function harmless(page: Page): Promise<void> {
  const found = await page.evaluate((pattern) => {
    const harmful = new RegExp(pattern, 'u');
    const raw: string[] = [];
    const check = (text: string) => {
      if (harmful.test(text.replace(/[\t\n\r]/g, ''))) raw.push(text.slice(0, 80));
    };
    const walker = document.createTreeWalker(document, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node instanceof Element) for (const attribute of node.attributes) check(attribute.value);
      else check(node.nodeValue ?? '');
    }
    return {
      raw,
      executed: '__pwned' in window,
      elements: document.querySelectorAll('[data-hostile]').length,
      links: document.querySelectorAll('[href^="javascript:" i]').length,
    };
  }, harmful.source);
  expect(found, page.url()).toEqual({ raw: [], executed: false, elements: 0, links: 0 });

  const sent = await (await page.request.get(page.url())).text();
  for (const markup of ['<b data-hostile', '<script>window.__pwned', '<img data-hostile', '<svg data-hostile']) {
    expect(sent.includes(markup), `${page.url()} as sent contains ${markup}`).toBe(false);
  }
}
