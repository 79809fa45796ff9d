// Chromium, and signing in to the page as a user does.
import puppeteer from 'puppeteer-core';

/** A setting from `cargo xtask`. */
export function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start this by \`cargo xtask\``);
  return value;
}

/** Starts a separate Chromium that makes no background requests. */
export function launch() {
  return puppeteer.launch({
    executablePath: setting('CHROMIUM'),
    args: [
      // Chromium has no sandbox for root, as in a container. It opens only our own page.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Signs in and waits for the list. */
export async function signIn(page, origin, { email, password }) {
  await page.goto(`${origin}/sign-in`);
  await page.locator('input[name=email]').fill(email);
  await page.locator('input[name=password]').fill(password);
  await page.locator('button[type=submit]').click();
  await page.waitForFunction(() => location.pathname === '/', { timeout: 30_000 });
}

/** The account that `cargo xtask` created. */
export const account = () => ({ email: setting('BUSLINE_EMAIL'), password: setting('BUSLINE_PASSWORD') });
