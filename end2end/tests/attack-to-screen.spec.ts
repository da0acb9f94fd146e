import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { expect, live, logIn, open, rows, test } from '../support/fixtures';
import { Program, until } from '../support/program';
import { repository } from '../support/skep';

// A recording would slow down what is measured.
test.use({ trace: 'off', screenshot: 'off' });

const connects = 12;
const commands = 18;

/** The longest that a sample may take, in milliseconds: later is lost, not slow. */
const lost = 10_000;

test('attack to screen', async ({ skep, page }) => {
  await skep.startSensor();
  await logIn(page, skep);
  await page.goto(`${skep.url}/events`);
  await live(page);

  const attacker = new Program('node', [path.resolve(__dirname, '../support/attacker.mjs'), String(skep.ports.telnet)]);
  let answers = 0;
  const answer = async () => {
    const line = await until('the attacker says something', () => {
      if (!attacker.alive) throw new Error('the honeypot hung up on the attacker');
      return attacker.lines[answers];
    });
    answers += 1;
    return JSON.parse(line) as { at: number };
  };
  const attack = async (action: string) => {
    await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 300));
    attacker.write(`${action}\n`);
    return (await answer()).at;
  };
  await answer();
  const session = rows(page, 'root / root');
  await expect(session).toHaveCount(1);

  const samples: { kind: 'connect' | 'command'; milliseconds: number }[] = [];
  for (let n = 0; n < connects; n += 1) {
    await watchForRow(page);
    const at = await attack('connect');
    samples.push({ kind: 'connect', milliseconds: (await seen(page)) - at });
  }
  await open(page, session);
  await expect(page.getByText('still open')).toBeVisible();
  for (let n = 0; n < commands; n += 1) {
    const marker = `marker-${n}-${Math.random().toString(36).slice(2)}`;
    await watchForText(page, marker);
    const at = await attack(`command ${marker}`);
    samples.push({ kind: 'command', milliseconds: (await seen(page)) - at });
  }
  await attacker.stop();

  const sorted = samples.map((sample) => sample.milliseconds).sort((a, b) => a - b);
  const percentile = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  const result = { p50: percentile(0.5), p95: percentile(0.95), samples };
  writeFileSync(path.join(repository, 'target/attack-to-screen.json'), JSON.stringify(result, null, 2));
  console.log(
    `attack to screen: p50 ${result.p50} ms, p95 ${result.p95} ms ` +
      `(${samples.length} samples, ${commands} of them commands in an open session)`,
  );
  expect(Math.max(...sorted)).toBeLessThan(lost);
});

type Watching = Window & { seenAt: Promise<number> };

/** Notes when the document next shows a text. */
async function watchForText(page: Page, text: string): Promise<void> {
  await page.evaluate((text) => {
    (window as unknown as Watching).seenAt = new Promise((resolve) => {
      new MutationObserver((_, observer) => {
        if (!document.body.textContent?.includes(text)) return;
        observer.disconnect();
        resolve(Date.now());
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
  }, text);
}

/** Notes when the event list next shows an event that it does not show now. */
async function watchForRow(page: Page): Promise<void> {
  await page.evaluate(() => {
    const ids = () => [...document.querySelectorAll('tr[data-event]')].map((row) => row.getAttribute('data-event'));
    const known = new Set(ids());
    (window as unknown as Watching).seenAt = new Promise((resolve) => {
      new MutationObserver((_, observer) => {
        if (ids().every((id) => known.has(id))) return;
        observer.disconnect();
        resolve(Date.now());
      }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-event'] });
    });
  });
}

async function seen(page: Page): Promise<number> {
  const patience = new Promise<never>((_, reject) => setTimeout(() => reject(new Error('an attack was not shown')), lost));
  return Promise.race([page.evaluate(() => (window as unknown as Watching).seenAt), patience]);
}
