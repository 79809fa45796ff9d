import type { Page } from '@playwright/test';
import { accessible, add, choose, expect, row, test, titles } from './page.ts';

async function open(page: Page, title: string): Promise<void> {
  await page.getByRole('link', { name: `Details: ${title}` }).click();
  await expect(page.getByLabel('Notes')).toBeVisible();
}

const settled = (page: Page) => expect(page.locator('article')).toHaveAttribute('aria-busy', 'false');

test('notes, due time, priority and tags are saved', async ({ home }) => {
  await add(home, 'Plan the trip');
  await open(home, 'Plan the trip');
  await home.getByLabel('Notes').fill('Ask Ben\nBook the train');
  await home.getByRole('button', { name: 'Set a due date' }).click();
  await home.getByRole('button', { name: 'Tomorrow' }).click();
  await choose(home, 'Priority', 'Priority: High');
  const tag = home.getByRole('combobox', { name: 'Add a tag' });
  await tag.fill('travel');
  await tag.press('Enter');
  await settled(home);
  await home.reload();
  await expect(home.getByLabel('Notes')).toHaveValue('Ask Ben\nBook the train');
  await expect(home.getByRole('button', { name: 'Due: Tomorrow', exact: true })).toBeVisible();
  await expect(home.getByRole('combobox', { name: 'Priority' })).toHaveText('Priority: High');
  await expect(home.getByRole('button', { name: 'Remove the tag travel' })).toBeVisible();

  await home.getByRole('button', { name: 'Due: Tomorrow', exact: true }).click();
  const month = home.getByRole('grid');
  const before = await month.getAttribute('aria-label');
  await home.getByRole('button', { name: 'Go to the Next Month' }).click();
  await expect(month).not.toHaveAttribute('aria-label', before ?? '');
  await home.getByRole('button', { name: /\b15 \w+ \d{4}/ }).click();
  await home.getByLabel('Time', { exact: true }).fill('7:60');
  await expect(home.getByRole('button', { name: 'Save' })).toBeDisabled();
  await home.getByLabel('Time', { exact: true }).fill('730');
  await home.getByRole('button', { name: 'Save' }).click();
  await expect(home.getByRole('button', { name: /^Due: 15 \w+( \d{4})?, 7:30$/ })).toBeVisible();
  await settled(home);
  await home.reload();
  await home.getByRole('button', { name: /^Due: 15/ }).click();
  await expect(home.getByLabel('Time', { exact: true })).toHaveValue('7:30');
  await expect(home.getByRole('gridcell', { selected: true })).toHaveText('15');
  await home.getByRole('button', { name: 'No due date' }).click();
  await expect(home.getByRole('button', { name: 'Set a due date' })).toBeVisible();
});

test('a day without a time gets one, and loses it again', async ({ home }) => {
  const field = home.getByRole('textbox', { name: 'Add a to-do' });
  await field.fill('Buy milk tomorrow');
  const form = home.locator('form').filter({ has: field });
  await expect(form.getByRole('list', { name: 'Recognised' }).getByRole('listitem')).toHaveText('Tomorrow');
  await field.press('Enter');
  const due = row(home, 'Buy milk').locator('[data-tone=due]');
  await expect(due).toHaveText('Tomorrow');
  await open(home, 'Buy milk');

  await home.getByRole('button', { name: 'Due: Tomorrow', exact: true }).click();
  const time = home.getByLabel('Time', { exact: true });
  await expect(time).toHaveValue('');
  await expect(time).toHaveAttribute('placeholder', 'All day');
  await time.fill('17:00');
  await time.press('Enter');
  await home.getByRole('button', { name: 'Due: Tomorrow 17:00' }).click();
  await expect(time).toHaveValue('17:00');
  await time.press('Tab');
  await expect(home.getByRole('button', { name: 'Remove the time' })).toBeFocused();
  await accessible(home);
  await home.keyboard.press('Enter');
  await expect(time).toBeFocused();
  await expect(time).toHaveValue('');
  await time.press('Enter');
  await expect(home.getByRole('button', { name: 'Due: Tomorrow', exact: true })).toBeVisible();
  await settled(home);
  await home.getByRole('link', { name: 'Back to the list' }).click();
  await home.reload();
  await expect(due).toHaveText('Tomorrow');
});

test('tags are entered one by one or separated by commas, at most twenty', async ({ home }) => {
  await add(home, 'Buy milk #Shop', 'Plan the trip');
  await open(home, 'Plan the trip');
  const tag = home.getByRole('combobox', { name: 'Add a tag' });
  await tag.pressSequentially('two words,shop');
  await tag.press('Enter');
  await expect(home.getByRole('button', { name: 'Remove the tag two words' })).toBeVisible();
  await expect(home.getByRole('button', { name: 'Remove the tag Shop', exact: true })).toBeVisible();
  await tag.fill(Array.from({ length: 19 }, (_, index) => `tag${index}`).join(', '));
  await expect(home.getByText('At most 20 tags are possible.')).toBeVisible();
  await expect(tag).toHaveValue('tag18');
  await accessible(home);
  await settled(home);
});

test('notes are saved when the user leaves at once', async ({ home }) => {
  await add(home, 'Plan the trip');
  await open(home, 'Plan the trip');
  await home.getByLabel('Notes').fill('Ask Ben');
  await home.getByRole('link', { name: 'Back to the list' }).click();
  await expect(row(home, 'Plan the trip')).toHaveAttribute('aria-busy', 'false');
  await open(home, 'Plan the trip');
  await expect(home.getByLabel('Notes')).toHaveValue('Ask Ben');
});

test('deleting an item returns to the list and can be undone', async ({ home }) => {
  await add(home, 'Plan the trip');
  await open(home, 'Plan the trip');
  await home.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(home.getByText('A clear list')).toBeVisible();
  await home.getByRole('button', { name: 'Undo' }).click();
  await expect(titles(home)).toHaveText(['Plan the trip']);
});

test.describe('a deleted item', () => {
  test.use({ allowed: /status of 404/ });

  test('shows a message', async ({ home }) => {
    await home.goto('/todos/0198c0de-0000-7000-8000-000000000001');
    await expect(home.getByText('This to-do does not exist any more')).toBeVisible();
    await accessible(home);
  });
});

test.describe('two devices editing one item', () => {
  // The service answers 412 for a stale version and 404 for a deleted item; the browser logs both.
  test.use({ allowed: /status of 412|status of 404/ });

  test('edits of the same field are shown side by side, and nothing typed is lost', async ({ home, context }) => {
    await add(home, 'Plan the trip');
    await open(home, 'Plan the trip');
    // A second device that receives no live changes: its socket stays closed.
    const other = await context.newPage();
    await other.routeWebSocket(/.*/, (socket) => socket.close());
    await other.goto(home.url());
    const theirs = other.getByRole('textbox', { name: 'Title' });
    await theirs.fill('Plan the journey');

    await home.getByRole('textbox', { name: 'Title' }).fill('Plan the voyage');
    await home.getByRole('textbox', { name: 'Title' }).press('Enter');
    await settled(home);

    await theirs.press('Enter');
    const dialog = other.getByRole('dialog', { name: 'Changed somewhere else' });
    await expect(dialog).toContainText('Plan the voyage');
    await expect(dialog).toContainText('Plan the journey');
    await expect(dialog.getByRole('region', { name: 'Title' })).toBeVisible();
    await accessible(other);
    const keep = dialog.getByRole('button', { name: 'Keep what I wrote' });
    await expect(keep).toBeFocused();
    await other.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await expect(theirs).toHaveValue('Plan the voyage');
    await other.getByRole('link', { name: 'Back to the list' }).click();
    await other.getByRole('button', { name: 'Decide now' }).click();
    await keep.click();
    await expect(other.getByRole('button', { name: 'Decide now' })).toBeHidden();
    await other.getByRole('link', { name: /^Details/ }).click();
    await expect(theirs).toHaveValue('Plan the journey');
    await settled(other);
    await home.reload();
    await expect(home.getByRole('textbox', { name: 'Title' })).toHaveValue('Plan the journey');
  });

  test('edits of different fields are merged without a question', async ({ home, context }) => {
    await add(home, 'Plan the trip');
    await open(home, 'Plan the trip');
    const other = await context.newPage();
    await other.routeWebSocket(/.*/, (socket) => socket.close());
    await other.goto(home.url());
    await other.getByLabel('Notes').fill('Ask Ben');

    await choose(home, 'Priority', 'Priority: High');
    await settled(home);
    await other.getByLabel('Notes').blur();
    await settled(other);
    await home.reload();
    await expect(home.getByLabel('Notes')).toHaveValue('Ask Ben');
    await expect(home.getByRole('combobox', { name: 'Priority' })).toHaveText('Priority: High');
  });
});

test('an item that is opened before it is saved gets its own address', async ({ home }) => {
  let save: () => void = () => undefined;
  const maySave = new Promise<void>((resolve) => (save = resolve));
  await home.route('**/api/todos', async (route) => {
    if (route.request().method() === 'POST') await maySave;
    return route.fallback();
  });
  const field = home.getByRole('textbox', { name: 'Add a to-do' });
  await field.fill('Plan the trip');
  await field.press('Enter');
  await open(home, 'Plan the trip');
  const draft = home.url();
  const notes = home.getByLabel('Notes');
  await notes.pressSequentially('Ask ');
  save();
  await expect(home).not.toHaveURL(draft);
  // A user who is typing is not interrupted.
  await expect(notes).toBeFocused();
  await notes.pressSequentially('Ben');
  await home.reload();
  await expect(home.getByLabel('Notes')).toHaveValue('Ask Ben');
  await expect(home.getByRole('textbox', { name: 'Title' })).toHaveValue('Plan the trip');
});
