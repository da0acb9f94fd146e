import { defineConfig } from '@playwright/test';

const measured = /(attack-to-screen|footprint)\.spec\.ts$/;

// The programs under test are the release builds: `make test` makes them first.
export default defineConfig({
  testDir: './tests',
  outputDir: './test-results',
  // Each test has a server and sensors of its own. What is measured must not be disturbed, and comes last.
  workers: 2,
  fullyParallel: true,
  projects: [
    { name: 'behaviour', testIgnore: measured },
    { name: 'measurements', testMatch: measured, workers: 1, dependencies: ['behaviour'] },
  ],
  retries: 0,
  forbidOnly: true,
  timeout: 120_000,
  expect: { timeout: 10_000 },
  reporter: [['list'], ['./support/summary.ts']],
  use: {
    browserName: 'chromium',
    headless: true,
    locale: 'en-US',
    timezoneId: 'Europe/Berlin',
    viewport: { width: 1280, height: 800 },
    // Recording takes several times as long as the tests themselves: `SKEP_TRACE=1` asks for it.
    trace: process.env.SKEP_TRACE ? 'retain-on-failure' : 'off',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.SKEP_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
