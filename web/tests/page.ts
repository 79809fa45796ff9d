// Fixtures of the page's tests: a registered user, and a check of the browser's console.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test as base, type Page } from '@playwright/test';
import { newUser, register, type User } from './cloud.ts';

interface Fixtures {
  /** A registered user, created for this test. */
  user: User;
  /** A page on which the user is signed in. */
  home: Page;
  /** Console errors that the test expects; none by default. */
  allowed: RegExp;
  watch: undefined;
}

/** Matches no text. */
const NO_MATCH = /(?!)/;

export const test = base.extend<Fixtures>({
  allowed: [NO_MATCH, { option: true }],
  watch: [
    async ({ context, allowed }, use) => {
      const complaints: string[] = [];
      context.on('page', (page) => {
        page.on('pageerror', (error) => complaints.push(error.message));
        page.on('console', (message) => {
          if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`);
        });
      });
      await use(undefined);
      expect(complaints.filter((text) => !allowed.test(text))).toEqual([]);
    },
    { auto: true },
  ],
  user: async ({ locale }, use) => {
    const user = newUser();
    await register(user, locale?.slice(0, 2));
    await use(user);
  },
  home: async ({ page, user }, use) => {
    await signIn(page, user);
    await use(page);
  },
});

export { expect };

/** Signs in by the page's own form. */
export async function signIn(page: Page, user: User): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail').fill(user.email);
  await page.getByLabel('Password', { exact: true }).fill(user.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'All' })).toBeVisible();
}

/** Adds items by the line at the top, and waits until they are saved. */
export async function add(page: Page, ...lines: string[]): Promise<void> {
  const field = page.getByRole('textbox', { name: 'Add a to-do' });
  for (const line of lines) {
    await field.fill(line);
    await field.press('Enter');
  }
  await expect(field).toHaveValue('');
  await saved(page);
}

/** Chooses from a list that opens. */
export async function choose(page: Page, label: string, option: string | RegExp): Promise<void> {
  await page.getByRole('combobox', { name: label }).click();
  await page.getByRole('option', { name: option, exact: true }).click();
}

/** Waits until all submitted lines are added, and all changes saved. */
export async function saved(page: Page): Promise<void> {
  await expect(page.locator('form[aria-busy="true"], [data-row][aria-busy="true"]')).toHaveCount(0);
  await expect.poll(() => waitingKeys(page)).toEqual([]);
}

/** The keys of changes that wait on this device. */
export const waitingKeys = (page: Page) =>
  page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('waiting')));

/** The row of an item. */
export const row = (page: Page, title: string) => page.locator('[data-row]').filter({ hasText: title });

/** The titles in the list, from top to bottom. */
export const titles = (page: Page) => page.locator('[data-row] [data-focus]');

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Checks the current page with axe. */
export async function accessible(page: Page): Promise<void> {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    // Colours during an animation are not the final ones.
    await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined)));
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const run = (globalThis as unknown as { axe: { run: (options: unknown) => Promise<Found> } }).axe.run;
    return (await run({ runOnly: tags })).violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
    );
  });
  expect(violations).toEqual([]);
}

interface Found {
  violations: { id: string; nodes: { html: string }[] }[];
}
