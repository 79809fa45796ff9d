// 2,000 items: only the rows near the visible part are complete, and everything finds the others as well.
import type { Page } from '@playwright/test';
import { expect, signIn, test, titles } from './page.ts';

const COUNT = 2_000;

/** Has the service answer with so many items, a page at a time. */
async function answerWithMany(page: Page): Promise<void> {
  const items = Array.from({ length: COUNT }, (_, index) => ({
    id: `0198c0de-0000-7000-8000-${String(COUNT - index).padStart(12, '0')}`,
    title: `Item ${index + 1}`,
    notes: null,
    dueAt: index % 2 === 0 ? '2031-05-04T07:30:00Z' : null,
    priority: index % 3 === 0 ? 'high' : 'normal',
    tags: [`tag${index % 7}`],
    status: 'open',
    completedAt: null,
    createdAt: new Date(Date.UTC(2026, 0, 1) - index * 60_000).toISOString(),
    updatedAt: '2026-01-01T00:00:00Z',
    deletedAt: null,
    version: 1,
  }));
  await page.route(/\/api\/todos\?.*status=open/, async (route) => {
    const start = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0);
    const next = start + 100;
    const nextCursor = next < COUNT ? String(next) : null;
    await route.fulfill({ json: { items: items.slice(start, next), nextCursor } });
  });
}

test('a list of 2,000 items has few elements, and keyboard, search and print reach all of them', async ({
  page,
  user,
}) => {
  // Also on a busy machine: each of the list's twenty parts is shown when it arrives.
  test.setTimeout(360_000);
  await answerWithMany(page);
  await signIn(page, user);
  const keys = page.keyboard;
  const checkboxes = page.getByRole('checkbox');
  await expect(titles(page)).toHaveCount(COUNT);
  await expect(titles(page).last()).toHaveText('Item 2000');
  expect(await page.evaluate(() => document.querySelectorAll('*').length)).toBeLessThan(10_000);
  expect(await checkboxes.count()).toBeLessThan(100);

  // The last row, from nowhere.
  await keys.press('k');
  await expect(titles(page).last()).toBeFocused();
  await expect(titles(page).last()).toBeInViewport();
  await expect(page.getByRole('checkbox', { name: 'Complete “Item 2000”' })).toBeVisible();
  await expect(page.locator('[data-row]').last()).toContainText('tag4');
  await keys.press('Shift+Tab');
  await keys.press('Shift+Tab');
  await expect(page.getByRole('link', { name: 'Details: Item 1999' })).toBeFocused();
  expect(await checkboxes.count()).toBeLessThan(100);

  // The browser's own search.
  expect(await page.evaluate(() => (window as unknown as { find: (text: string) => boolean }).find('Item 1234'))).toBe(
    true,
  );
  await expect(page.getByRole('checkbox', { name: 'Complete “Item 1234”' })).toBeVisible();

  await page.getByRole('searchbox').fill('item 200');
  await expect(titles(page)).toHaveText(['Item 200', 'Item 1200', 'Item 2000']);
  await page.getByRole('searchbox').fill('');
  await expect(titles(page)).toHaveCount(COUNT);

  // Nothing is left out on paper.
  expect(
    await page.evaluate(() => {
      dispatchEvent(new Event('beforeprint'));
      return document.querySelectorAll('[role="checkbox"]').length;
    }),
  ).toBe(COUNT);
  await page.evaluate(() => dispatchEvent(new Event('afterprint')));
  expect(await checkboxes.count()).toBeLessThan(200);
});

interface Keys {
  /** How often rows came or went before the key itself was shown. */
  changesBefore: number;
  /** The keys that were not shown at once. */
  late: string[];
}

/** Types into the search, and looks at what happens until the browser can show the key. */
const typeInSearch = (page: Page): Promise<Keys> =>
  page.evaluate(async () => {
    const field = document.querySelector<HTMLInputElement>('input[type="search"]');
    if (!field) throw new Error('there is no search field');
    // Past React's own property, as a key does.
    const value = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
    const hasRow = (node: Node) =>
      node instanceof Element && (node.matches('[data-row]') || !!node.querySelector('[data-row]'));
    let changes = 0;
    const count = (records: MutationRecord[]) => {
      changes += records.filter(({ addedNodes, removedNodes }) => [...addedNodes, ...removedNodes].some(hasRow)).length;
    };
    const observer = new MutationObserver(count);
    observer.observe(document.body, { childList: true, subtree: true });
    const keys = { changesBefore: 0, late: [] as string[] };
    for (const text of [
      'i',
      'it',
      'item',
      'item 1',
      'item',
      'item 2',
      'item 20',
      'item 1',
      'item 19',
      'item 1',
      'item 17',
    ]) {
      // What follows the last key is not counted to this one.
      await new Promise((resolve) => setTimeout(resolve));
      count(observer.takeRecords());
      changes = 0;
      value?.set?.call(field, text);
      field.dispatchEvent(new InputEvent('input', { bubbles: true }));
      // React changes the page at the latest in a microtask.
      await Promise.resolve();
      await Promise.resolve();
      count(observer.takeRecords());
      keys.changesBefore += changes;
      if (field.value !== text) keys.late.push(text);
    }
    observer.disconnect();
    return keys;
  });

test('a key in the search of 2,000 items shows at once, before the list follows', async ({ page, user }) => {
  test.setTimeout(360_000);
  await answerWithMany(page);
  await signIn(page, user);
  await expect(titles(page)).toHaveCount(COUNT);
  // A list that follows within the key changes some 8,000 times.
  expect(await typeInSearch(page)).toEqual({ changesBefore: 0, late: [] });
  await expect(titles(page)).toHaveCount(139);
});
