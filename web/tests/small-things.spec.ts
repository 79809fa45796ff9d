// Double clicks, narrow screens, the focus of late pages, tags, unfinished lines, writing directions and print.
import { add, expect, row, saved, signIn, test, titles } from './page.ts';

test('a double click on a circle completes one item, which stays for a moment', async ({ home }) => {
  await add(home, 'Three', 'Two', 'One');
  await home.getByRole('checkbox', { name: 'Complete “One”' }).dblclick();
  await expect(titles(home)).toHaveText(['Two', 'Three']);
  await saved(home);
  await home.reload();
  await expect(titles(home)).toHaveText(['Two', 'Three']);
});

for (const width of [320, 360]) {
  test(`nothing is wider than a screen of ${width} px`, async ({ home }) => {
    await home.setViewportSize({ width, height: 640 });
    await add(home, 'Buy milk');
    await home.getByRole('searchbox').fill('milk');
    for (const path of ['', '/deleted', '/settings']) {
      if (path !== '') await home.goto(path);
      await expect(home.getByRole('heading', { level: 1 })).toBeVisible();
      expect(await home.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
  });
}

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
