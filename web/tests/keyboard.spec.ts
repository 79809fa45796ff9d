import { add, expect, saved, signIn, test, titles } from './page.ts';

test('the list is usable by keyboard alone', async ({ home }) => {
  const keys = home.keyboard;
  await keys.press('n');
  await keys.type('Buy milk');
  await keys.press('Enter');
  await keys.type('Call Ben');
  await keys.press('Enter');
  await keys.press('Escape');
  await expect(titles(home)).toHaveText(['Call Ben', 'Buy milk']);
  await saved(home);

  // Down to the second item, change its title, complete it, undo.
  await keys.press('j');
  await keys.press('j');
  await expect(home.getByRole('button', { name: 'Buy milk', exact: true })).toBeFocused();
  await keys.press('e');
  await expect(home.getByLabel('Title')).toBeFocused();
  await keys.type('Buy bread');
  await keys.press('Enter');
  await expect(home.getByRole('button', { name: 'Buy bread', exact: true })).toBeFocused();
  await keys.press('x');
  await expect(titles(home)).toHaveText(['Call Ben']);
  await keys.press('z');
  await expect(titles(home)).toHaveText(['Call Ben', 'Buy bread']);

  await keys.press('k');
  await keys.press('#');
  await expect(titles(home)).toHaveCount(1);
  await keys.press('z');
  await expect(titles(home)).toHaveCount(2);

  await keys.press('/');
  await keys.type('bread');
  await expect(titles(home)).toHaveText(['Buy bread']);
  await keys.press('Escape');
  await expect(titles(home)).toHaveCount(2);

  await keys.press('j');
  await keys.press('o');
  await expect(home.getByLabel('Notes')).toBeVisible();
  await keys.press('g');
  await keys.press('i');
  await expect(home.getByRole('heading', { level: 1, name: 'Inbox' })).toBeVisible();
  await keys.press('g');
  await keys.press('l');
  await expect(home.getByRole('heading', { level: 1, name: 'All' })).toBeVisible();
});

test('the help opens with ?, traps the focus and returns it', async ({ home }) => {
  await add(home, 'Buy milk');
  const title = home.getByRole('button', { name: 'Buy milk', exact: true });
  await title.focus();
  await home.keyboard.press('?');
  const help = home.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(help).toBeVisible();
  // The dialog takes the focus after it has opened, and moves it back from its ends a moment after each Tab.
  const hasFocus = () => help.evaluate((dialog) => dialog.contains(document.activeElement));
  await expect.poll(hasFocus).toBe(true);
  for (let step = 0; step < 4; step += 1) {
    await home.keyboard.press('Tab');
    await expect.poll(hasFocus).toBe(true);
  }
  await home.keyboard.press('Escape');
  await expect(help).toBeHidden();
  await expect(title).toBeFocused();
});

test('a form is usable by keyboard, and Tab skips to the content', async ({ page, user }) => {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail').focus();
  await page.keyboard.type(user.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(user.password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'All' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'All' })).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('searchbox', { name: 'Search' })).toBeFocused();
});

test('the focused element is always visible', async ({ page, user }) => {
  await signIn(page, user);
  await add(page, 'Buy milk');
  for (let step = 0; step < 25; step += 1) {
    await page.keyboard.press('Tab');
    const isMarked = await page.evaluate(() => {
      // The placeholder may be on the field's frame, which the focus is within.
      for (
        let element = document.activeElement;
        element && element !== document.body;
        element = element.parentElement
      ) {
        if (getComputedStyle(element).outlineStyle !== 'none') return true;
      }
      return document.activeElement === document.body;
    });
    expect(isMarked, await page.evaluate(() => document.activeElement?.outerHTML ?? '')).toBe(true);
  }
});

test('the focus stays in the list when a row is removed, and one key undoes each change', async ({ home }) => {
  const keys = home.keyboard;
  const tick = (title: string) => home.getByRole('checkbox', { name: `Complete “${title}”` });
  await add(home, 'Four', 'Three', 'Two', 'One');
  await tick('One').focus();
  await keys.press('Space');
  await expect(tick('Two')).toBeFocused();
  await keys.press('Space');
  await expect(tick('Three')).toBeFocused();
  await keys.press('z');
  await keys.press('z');
  await expect(titles(home)).toHaveText(['One', 'Two', 'Three', 'Four']);

  await home.getByRole('button', { name: 'Two', exact: true }).focus();
  // Caps Lock.
  await keys.press('X');
  await expect(home.getByRole('button', { name: 'Three', exact: true })).toBeFocused();
  await home.getByRole('button', { name: 'Delete: Three' }).focus();
  await keys.press('Enter');
  await expect(home.getByRole('button', { name: 'Four', exact: true })).toBeFocused();
});

test('on the item page a key undoes, and Escape leaves a field, then the page', async ({ home }) => {
  const keys = home.keyboard;
  await add(home, 'Buy milk');
  await keys.press('Escape');
  await keys.press('j');
  await keys.press('o');
  await expect(home.getByLabel('Notes')).toBeVisible();
  await keys.press('x');
  await expect(home.getByRole('checkbox', { name: 'Reopen “Buy milk”' })).toBeVisible();
  await keys.press('z');
  await expect(home.getByRole('checkbox', { name: 'Complete “Buy milk”' })).toBeVisible();
  for (const field of [home.getByLabel('Notes'), home.getByRole('combobox', { name: 'Add a tag' })]) {
    await field.focus();
    await keys.press('Escape');
    await expect(field).not.toBeFocused();
  }
  await keys.press('Escape');
  await expect(home.getByRole('button', { name: 'Buy milk', exact: true })).toBeFocused();
});
