// Double clicks, narrow screens, the focus of late pages, tags, unfinished lines, writing directions and print.
import type { Page } from '@playwright/test';
import { add, expect, row, saved, signIn, test, titles } from './page.ts';

/** How long a completed row stays; see `src/todos/held.ts`. */
const HOLD_MS = 900;

/** Keeps held rows until the returned function is called, however long this machine takes to look at them. */
async function stopHoldTimers(page: Page): Promise<() => Promise<void>> {
  await page.evaluate((holdMs) => {
    const start = setTimeout;
    const waiting: TimerHandler[] = [];
    const startOrKeep = (run: TimerHandler, ms?: number, ...rest: unknown[]) =>
      ms === holdMs ? -waiting.push(run) : start(run, ms, ...rest);
    Object.assign(window, { setTimeout: startOrKeep, waiting });
  }, HOLD_MS);
  return () =>
    page.evaluate(() => (window as unknown as { waiting: (() => void)[] }).waiting.splice(0).forEach((run) => run()));
}

test('a double click on a circle completes one item: it fills, is struck through, stays, and collapses', async ({
  home,
}) => {
  await add(home, 'Three', 'Two', 'One');
  const endHold = await stopHoldTimers(home);
  await home.getByRole('checkbox', { name: 'Complete “One”' }).dblclick();

  const one = row(home, 'One');
  await expect(one).toHaveAttribute('data-leaving', 'true');
  await expect(one.getByRole('checkbox', { name: 'Reopen “One”' })).toBeChecked();
  await expect(one.locator('[data-focus]')).toHaveCSS('text-decoration-line', 'line-through');
  // A filled circle has the colour of its border.
  const colours = () =>
    one.getByRole('checkbox').evaluate(({ firstElementChild: circle }) => {
      const { backgroundColor, borderTopColor } = getComputedStyle(circle as Element);
      return { backgroundColor, isFilled: backgroundColor === borderTopColor };
    });
  await expect.poll(colours).toMatchObject({ isFilled: true });
  // The row collapses at the end of the time, and not before the change can be seen.
  const collapse = await one.evaluate((element) => {
    const [animation] = element.getAnimations().filter((one) => one instanceof CSSAnimation);
    const { delay = 0, endTime = 0 } = animation?.effect?.getComputedTiming() ?? {};
    return { delay, endTime: Number(endTime) };
  });
  expect(collapse.delay).toBeGreaterThanOrEqual(500);
  expect(collapse.endTime).toBeCloseTo(HOLD_MS);
  // All is saved, and still the row of the next item has not moved under the pointer.
  await saved(home);
  await expect(titles(home)).toHaveText(['One', 'Two', 'Three']);
  await endHold();
  await expect(titles(home)).toHaveText(['Two', 'Three']);
  await saved(home);
  await home.reload();
  await expect(titles(home)).toHaveText(['Two', 'Three']);
});

for (const width of [320, 360]) {
  test(`nothing is wider than a screen of ${width} px`, async ({ home }) => {
    await home.setViewportSize({ width, height: 640 });
    await add(home, `Buy milk ${'x'.repeat(90)} #${'y'.repeat(48)} !high tomorrow`);
    const fits = async (place: string) => {
      await expect(home.getByRole('heading', { level: 1 })).toBeVisible();
      const widest = await home.evaluate(() => document.documentElement.scrollWidth);
      expect(widest, place).toBeLessThanOrEqual(width);
    };
    await home.getByRole('link', { name: /^Details/ }).click();
    await expect(home.getByLabel('Notes')).toBeVisible();
    await fits('an item');
    await home.getByRole('button', { name: /^Due/ }).click();
    await fits('its due date');
    await home.goto('/');
    await home.getByRole('searchbox').fill('milk');
    await home.getByRole('button', { name: 'Filter' }).click();
    await expect(home.getByText('Clear filters')).toBeVisible();
    await fits('the filter');
    for (const path of [
      '/',
      '/?view=upcoming',
      '/deleted',
      '/inbox',
      '/settings',
      '/export',
      '/users',
      '/no/such/page',
    ]) {
      await home.goto(path);
      await fits(path);
    }
  });
}

test('nothing of the pages before sign-in is wider than a screen of 320 px', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  for (const path of ['sign-in', 'sign-up', 'confirm', 'forgot-password', 'unsubscribe']) {
    await page.goto(`/${path}?token=x`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(320);
  }
});

test('a line with too many tags tells so', async ({ home }) => {
  const field = home.getByRole('textbox', { name: 'Add a to-do' });
  await field.fill(`Pack ${Array.from({ length: 21 }, (_, index) => `#t${index}x`).join(' ')}`);
  await expect(home.getByText('At most 20 tags are possible.')).toBeVisible();
  await field.press('Enter');
  await saved(home);
  await expect(titles(home)).toHaveText(['Pack #t20x']);
});

test('the focus is on the heading of a page that loads late', async ({ page, user, context }) => {
  await context.route(/settings-page/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await route.continue();
  });
  await signIn(page, user);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Settings' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeFocused();
});

test('tags that differ in capitals alone are one, and are found with their sign', async ({ home }) => {
  await add(home, 'Milk #Shop', 'Bread #shop', 'Other');
  await expect(home.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: /^shop$/i })).toHaveCount(1);
  await home.getByRole('searchbox').fill('#SHOP');
  await expect(titles(home)).toHaveText(['Bread', 'Milk']);
});

test('an unfinished line is there after a reload', async ({ home }) => {
  const field = home.getByRole('textbox', { name: 'Add a to-do' });
  await field.fill('Half a li');
  await home.reload();
  await expect(field).toHaveValue('Half a li');
  await field.fill('');
  await home.reload();
  await expect(field).toHaveValue('');
});

test('a title from right to left is shown in its direction and does not turn a message', async ({ home }) => {
  await add(home, 'לקנות חלב!', 'Buy milk!');
  const directions = () => titles(home).evaluateAll((all) => all.map((title) => getComputedStyle(title).direction));
  expect(await directions()).toEqual(['ltr', 'rtl']);
  await row(home, 'לקנות').hover();
  await home.getByRole('button', { name: /Delete: לקנות/ }).click();
  await expect(home.getByText('Deleted “\u2068לקנות חלב!\u2069”')).toBeVisible();
});

test('print shows the list and nothing to press', async ({ home }) => {
  await add(home, 'Buy milk');
  await home.emulateMedia({ media: 'print' });
  await expect(titles(home)).toHaveText(['Buy milk']);
  await expect(home.getByRole('navigation', { name: 'Main' })).toBeHidden();
  await expect(home.getByRole('textbox', { name: 'Add a to-do' })).toBeHidden();
  await expect(home.getByRole('searchbox')).toBeHidden();
});
