import { defineConfig } from '@playwright/test';
import './tests/local-names.ts';

/** A setting that `cargo xtask test --only browser` gives. */
function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start these tests by \`cargo xtask test --only browser\``);
  return value;
}

const artifacts = setting('BUSLINE_ARTIFACTS');

export default defineConfig({
  testDir: 'tests',
  outputDir: `${artifacts}/runs`,
  reporter: [['list'], ['html', { outputFolder: `${artifacts}/report`, open: 'never' }]],
  forbidOnly: true,
  fullyParallel: true,
  // Two cores serve the browsers, the local cloud and its functions.
  workers: 2,
  // A test that passes only on a retry has found a problem.
  retries: 0,
  // A busy machine takes several times as long.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  projects: [
    { name: 'flows', testIgnore: /outage/ },
    // Stops services that other tests use: runs alone, and one test after the other.
    { name: 'outage', testMatch: /outage/, dependencies: ['flows'], fullyParallel: false },
  ],
  use: {
    baseURL: setting('BUSLINE_WEB_ORIGIN'),
    locale: 'en-GB',
    timezoneId: 'Europe/Dublin',
    // It would answer requests before the tests' routes; `offline.spec.ts` allows it.
    serviceWorkers: 'block',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: setting('CHROMIUM'),
      args: [
        // Chromium has no sandbox for root, as in a container; only our own page is opened.
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
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
