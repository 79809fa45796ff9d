import { accessible, add, choose, expect, row, saved, test, titles } from './page.ts';

test('items are added in one line, newest first, and are there after a reload', async ({ home }) => {
  await add(home, 'Buy milk', 'Call Ben');
  await expect(titles(home)).toHaveText(['Call Ben', 'Buy milk']);
  await home.reload();
  await expect(titles(home)).toHaveText(['Call Ben', 'Buy milk']);
});

test('tags, a priority and a day are recognised in the text', async ({ home }) => {
  const field = home.getByRole('textbox', { name: 'Add a to-do' });
  await field.fill('Buy milk #shopping !high tomorrow');
  await expect(home.getByRole('list', { name: 'Recognised' }).getByRole('listitem').last()).toHaveText('Tomorrow');
  await field.press('Enter');
  await saved(home);
  await expect(row(home, 'Buy milk')).toContainText(/Tomorrow(?! ?\d).*High.*shopping/);
  await home.reload();
  await expect(row(home, 'Buy milk')).toContainText(/Tomorrow(?! ?\d).*High.*shopping/);
});

test('what is recognised is marked in the line, and Backspace keeps a part as text', async ({ home }) => {
  const field = home.getByRole('textbox', { name: 'Add a to-do' });
  const form = home.locator('form').filter({ has: field });
  const meanings = form.getByRole('list', { name: 'Recognised' }).getByRole('listitem');
  await field.fill('Call the bank #42 #home at 5pm tomorrow');
  await expect(form.locator('mark')).toHaveText(['#home', 'at 5pm tomorrow']);
  await expect(meanings).toHaveText(['home', 'Tomorrow 17:00']);
  await expect(form.getByRole('status').filter({ hasText: 'Recognised' })).toContainText(
    '“at 5pm tomorrow” means Tomorrow 17:00',
  );
  const textBox = await field.evaluate((input) => {
    const canvas = document.createElement('canvas').getContext('2d');
    if (!canvas) throw new Error('no canvas');
    canvas.font = getComputedStyle(input).font;
    const inner = input.getBoundingClientRect().left + parseFloat(getComputedStyle(input).paddingLeft);
    return inner + canvas.measureText('Call the bank #42 #home ').width;
  });
  const mark = await form.locator('mark').last().boundingBox();
  expect(Math.abs((mark?.x ?? 0) - textBox)).toBeLessThan(2);
  await accessible(home);

  await field.press('Backspace');
  await expect(field).toHaveValue('Call the bank #42 #home at 5pm tomorrow');
  await expect(form.locator('mark')).toHaveText(['#home']);
  await expect(meanings).toHaveText(['home']);
  await field.press('Backspace');
  await expect(field).toHaveValue('Call the bank #42 #home at 5pm tomorro');
  await field.press('w');
  await expect(form.locator('mark')).toHaveText(['#home']);

  await form.getByRole('button', { name: 'Keep “#home” as text' }).click();
  await expect(field).toBeFocused();
  await expect(meanings).toHaveCount(0);
  await field.press('Enter');
  await saved(home);
  await expect(titles(home)).toHaveText(['Call the bank #42 #home at 5pm tomorrow']);
});

test('a part at the end of a long line is marked where it is', async ({ home }) => {
  const field = home.getByRole('textbox', { name: 'Add a to-do' });
  await field.fill(`${'Call the bank '.repeat(12)}tomorrow`);
  await field.press('Home');
  await field.press('End');
  const mark = home.locator('form mark');
  await expect(mark).toHaveText('tomorrow');
  await expect(async () => {
    const [line, place] = [await field.boundingBox(), await mark.boundingBox()];
    if (!line || !place) throw new Error('no boxes');
    expect(place.x + place.width).toBeLessThanOrEqual(line.x + line.width);
    expect(place.x).toBeGreaterThan(line.x);
  }).toPass();
});

test('a title is edited in place, and Escape discards the edit', async ({ home }) => {
  await add(home, 'Buy milk');
  await home.getByRole('button', { name: 'Buy milk', exact: true }).click();
  await home.getByLabel('Title').fill('Buy bread');
  await home.getByLabel('Title').press('Enter');
  await expect(titles(home)).toHaveText(['Buy bread']);
  await home.getByRole('button', { name: 'Buy bread', exact: true }).click();
  await home.getByLabel('Title').fill('Nothing');
  await home.getByLabel('Title').press('Escape');
  await expect(titles(home)).toHaveText(['Buy bread']);
  await saved(home);
  await home.reload();
  await expect(titles(home)).toHaveText(['Buy bread']);
});

test('an item is completed, found among the completed and reopened', async ({ home }) => {
  await add(home, 'Buy milk', 'Call Ben');
  await home.getByRole('checkbox', { name: 'Complete “Buy milk”' }).click();
  await expect(titles(home)).toHaveText(['Call Ben']);
  await home.getByRole('link', { name: 'Completed' }).click();
  await expect(titles(home)).toHaveText(['Buy milk']);
  await saved(home);
  await home.getByRole('checkbox', { name: 'Reopen “Buy milk”' }).click();
  await expect(home.getByText('Nothing completed yet')).toBeVisible();
  await home.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'All' }).click();
  await expect(titles(home)).toHaveText(['Call Ben', 'Buy milk']);
});

test('a completion can be undone from the message', async ({ home }) => {
  await add(home, 'Buy milk');
  await home.getByRole('checkbox', { name: 'Complete “Buy milk”' }).click();
  await home.getByRole('button', { name: 'Undo' }).click();
  await expect(titles(home)).toHaveText(['Buy milk']);
});

test('views, filters, search and sorting change the list and the address', async ({ home }) => {
  await add(home, 'Water plants #home today', 'Buy milk #shopping tomorrow', 'Answer Zoë !high', 'Sweep #home');
  await home.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Today' }).click();
  await expect(titles(home)).toHaveText(['Water plants']);
  await home.getByRole('link', { name: 'Upcoming' }).click();
  await expect(home.getByRole('heading', { name: 'Tomorrow' })).toBeVisible();
  await expect(titles(home)).toHaveText(['Buy milk']);

  await home.getByRole('link', { name: 'home', exact: true }).click();
  await expect(titles(home)).toHaveText(['Sweep', 'Water plants']);
  await home.reload();
  await expect(titles(home)).toHaveText(['Sweep', 'Water plants']);

  await home.goto('/');
  await home.getByRole('searchbox', { name: 'Search' }).fill('zoe');
  await expect(titles(home)).toHaveText(['Answer Zoë']);
  await home.getByRole('searchbox', { name: 'Search' }).fill('nothing like it');
  await expect(home.getByText('Nothing found')).toBeVisible();
  await home.getByRole('button', { name: 'Clear filters' }).click();
  await expect(titles(home)).toHaveCount(4);

  await home.getByRole('button', { name: 'Filter' }).click();
  await choose(home, 'Sort', 'Most important first');
  await expect(titles(home).first()).toHaveText('Answer Zoë');
  await choose(home, 'Due', 'No date');
  await expect(titles(home)).toHaveText(['Answer Zoë', 'Sweep']);
});

test('an item that is added in a view belongs to it', async ({ home }) => {
  await home.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Today' }).click();
  await expect(home.getByText('Nothing due today')).toBeVisible();
  await add(home, 'Sweep');
  await expect(row(home, 'Sweep')).toContainText('Today');
});

test.describe('with a failing network', () => {
  test.use({ allowed: /status of 503/ });

  test('a line that is sent twice after a lost answer creates one item', async ({ home }) => {
    let isFirst = true;
    await home.route('**/api/todos', async (route) => {
      if (route.request().method() !== 'POST' || !isFirst) return route.fallback();
      isFirst = false;
      // The service gets the request and answers; the answer never arrives.
      expect((await route.fetch()).status()).toBe(201);
      return route.fulfill({ status: 503 });
    });
    await add(home, 'Buy milk');
    await home.reload();
    await expect(titles(home)).toHaveText(['Buy milk']);
  });
});

test('a line that is submitted before dates can be read survives a reload', async ({ home }) => {
  await home.route('**/assets/dates-*.js', () => new Promise(() => undefined));
  await home.reload();
  const field = home.getByRole('textbox', { name: 'Add a to-do' });
  await field.fill('Buy milk #shop');
  await field.press('Enter');
  await expect(field).toHaveValue('');
  await home.reload();
  await expect(titles(home)).toHaveText(['Buy milk']);
});

test('a tag with any characters is found by its address', async ({ home }) => {
  await add(home, 'Buy milk #100%', 'Call Ben #a%20b');
  await home.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: '100%' }).click();
  await expect(home.getByRole('heading', { level: 1, name: '#100%' })).toBeVisible();
  await expect(titles(home)).toHaveText(['Buy milk']);
  await home.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'a%20b' }).click();
  await expect(titles(home)).toHaveText(['Call Ben']);
  await home.reload();
  await expect(titles(home)).toHaveText(['Call Ben']);
});

test('a message names an added item that the view does not show', async ({ home }) => {
  await home.getByRole('searchbox', { name: 'Search' }).fill('bread');
  await add(home, 'Buy milk');
  const message = home.getByRole('status').filter({ hasText: 'Added “Buy milk”' });
  await message.getByRole('button', { name: 'Show' }).click();
  await expect(home.getByRole('textbox', { name: 'Title' })).toHaveValue('Buy milk');
});

test('a title that is too long is counted, not cut, and emoji count once', async ({ home }) => {
  const field = home.getByRole('textbox', { name: 'Add a to-do' });
  await field.fill('🚌'.repeat(201));
  await expect(home.getByText('201 characters: a title has 200 at most.')).toBeVisible();
  await field.press('Enter');
  await expect(field).toHaveValue('🚌'.repeat(201));
  await field.fill('🚌'.repeat(200));
  await expect(home.getByText('200 of 200 characters')).toBeVisible();
  await field.press('Enter');
  await saved(home);
  await home.reload();
  await expect(titles(home)).toHaveText(['🚌'.repeat(200)]);
  await home.getByRole('button', { name: '🚌'.repeat(200), exact: true }).click();
  await home.getByLabel('Title').fill('🚲'.repeat(201));
  await home.getByLabel('Title').press('Enter');
  await expect(titles(home)).toHaveText(['🚲'.repeat(200)]);
  await saved(home);
  await expect(home.getByText('could not be saved')).toBeHidden();
});

test('a long title keeps its lines while it is changed', async ({ home }) => {
  await home.setViewportSize({ width: 400, height: 700 });
  await add(home, 'Below', 'word '.repeat(38).trim());
  const below = () => row(home, 'Below').evaluate((element) => element.getBoundingClientRect().top);
  const before = await below();
  await titles(home).first().click();
  await expect(home.getByLabel('Title')).toBeFocused();
  expect(Math.abs((await below()) - before)).toBeLessThan(24);
});

test.describe('a service that refuses requests', () => {
  test.use({ allowed: /status of 400/ });

  test('a refused line is restored into the field', async ({ home }) => {
    await home.route('**/api/todos', (route) =>
      route.request().method() === 'POST' ? route.fulfill({ status: 400, json: {} }) : route.fallback(),
    );
    const field = home.getByRole('textbox', { name: 'Add a to-do' });
    await field.fill('Buy milk #shop');
    await field.press('Enter');
    await expect(home.getByText('“Buy milk” could not be saved.')).toBeVisible();
    await expect(field).toHaveValue('Buy milk #shop');
    await expect(titles(home)).toHaveCount(0);
  });
});

test('another view starts at its top; returning from an item focuses its row', async ({ home }) => {
  await home.setViewportSize({ width: 1000, height: 500 });
  await add(home, ...Array.from({ length: 16 }, (_, index) => `Item ${index + 1} #home tomorrow`));
  const position = () => home.evaluate(() => scrollY);
  await home.goto('/?tag=home');
  await row(home, 'Item 2').scrollIntoViewIfNeeded();
  await home.getByRole('link', { name: 'Details: Item 2', exact: true }).click();
  await expect(home.getByLabel('Notes')).toBeVisible();
  await home.getByRole('link', { name: 'Back to the list' }).click();
  await expect(home).toHaveURL(/\/\?tag=home$/);
  await expect(home.getByRole('button', { name: 'Item 2', exact: true })).toBeFocused();
  await expect(home.getByRole('button', { name: 'Item 2', exact: true })).toBeInViewport();
  await expect.poll(position).toBeGreaterThan(0);

  await home.keyboard.press('g');
  await home.keyboard.press('u');
  await expect(home.getByRole('heading', { level: 1, name: 'Upcoming' })).toBeFocused();
  await expect.poll(position).toBe(0);

  await row(home, 'Item 9').getByRole('link').click();
  await expect(home.getByLabel('Notes')).toBeVisible();
  await home.goBack();
  await expect(home.getByRole('button', { name: 'Item 9', exact: true })).toBeFocused();
});
