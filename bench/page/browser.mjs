// Chromium, and signing in to the page as a person does.
import puppeteer from 'puppeteer-core';

/** A setting that `cargo xtask` gives. */
export function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start this by \`cargo xtask\``);
  return value;
}

/** A Chromium of our own, without what it would ask the internet for by itself. */
export function launch() {
  return puppeteer.launch({
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
  });
}

/** Signs in and waits until the list is there. */
export async function signIn(page, origin, { email, password }) {
  await page.goto(`${origin}/sign-in`);
  await page.locator('input[name=email]').fill(email);
  await page.locator('input[name=password]').fill(password);
  await page.locator('button[type=submit]').click();
  await page.waitForFunction(() => location.pathname === '/', { timeout: 30_000 });
}

/** The account that `cargo xtask` made for this. */
export const account = () => ({ email: setting('BUSLINE_EMAIL'), password: setting('BUSLINE_PASSWORD') });
