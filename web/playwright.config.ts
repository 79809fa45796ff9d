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
  // A test that passes at the second try has found something.
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  projects: [
    { name: 'flows', testIgnore: /outage/ },
    // Stops services under everybody's feet: alone, and one after the other.
    { name: 'outage', testMatch: /outage/, dependencies: ['flows'], fullyParallel: false },
  ],
  use: {
    baseURL: setting('BUSLINE_WEB_ORIGIN'),
    locale: 'en-GB',
    timezoneId: 'Europe/Dublin',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: setting('CHROMIUM'),
      args: [
        // Root, as in a container, gets no sandbox from Chromium; what is opened here is our own page.
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
