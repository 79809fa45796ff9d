import { accessible, add, expect, row, saved, test, titles } from './page.ts';
import type { Page } from '@playwright/test';

/** Deletes an item by its row's button. */
async function remove(page: Page, title: string): Promise<void> {
  await row(page, title).hover();
  await page.getByRole('button', { name: `Delete: ${title}` }).click();
  await expect(row(page, title)).toHaveCount(0);
}

/** Deletes items faster than their messages close. */
async function removeAtOnce(page: Page, ...removed: string[]): Promise<void> {
  for (const title of removed) await expect(page.locator(`[aria-label="Delete: ${title}"]`)).toBeAttached();
  await page.evaluate((removed) => {
    for (const title of removed) document.querySelector<HTMLElement>(`[aria-label="Delete: ${title}"]`)?.click();
  }, removed);
  for (const title of removed) await expect(row(page, title)).toHaveCount(0);
}

const undo = (page: Page, title: string) =>
  page
    .getByRole('status')
    .locator('div')
    .filter({ hasText: `Deleted “${title}”` })
    .getByRole('button', { name: 'Undo' });

test('the first of four quick deletions can be undone: one message undoes all of them', async ({ home }) => {
  await add(home, 'One', 'Two', 'Three', 'Four', 'Five');
  await removeAtOnce(home, 'One', 'Two', 'Three', 'Four');
  const messages = home.getByRole('status').filter({ has: home.getByRole('button', { name: 'Close' }) });
  const undoAll = messages.getByRole('button', { name: 'Undo all' });
  // With the focus the message stays.
  await undoAll.focus();
  await expect(messages.getByText(/deleted/i)).toHaveText(['4 to-dos deleted']);
  await expect(titles(home)).toHaveText(['Five']);
  await accessible(home);
  await undoAll.press('Enter');
  await expect(titles(home)).toHaveText(['Five', 'Four', 'Three', 'Two', 'One']);
  await expect(messages).toHaveCount(0);
  await saved(home);
  await home.reload();
  await expect(titles(home)).toHaveText(['Five', 'Four', 'Three', 'Two', 'One']);
});

test('each of several deletions can be undone from its message, also after a reload from the list of deleted ones', async ({
  home,
}) => {
  await add(home, 'One', 'Two', 'Three', 'Four');
  await remove(home, 'One');
  await saved(home);
  await home.reload();
  await removeAtOnce(home, 'Two', 'Three', 'Four');
  await undo(home, 'Three').click();
  await expect(titles(home)).toHaveText(['Three']);
  // By key, also after the message has closed, the latest first.
  await home.locator('body').press('z');
  await expect(titles(home)).toHaveText(['Four', 'Three']);
  await saved(home);
  await home.reload();
  await expect(titles(home)).toHaveText(['Four', 'Three']);

  await home.getByRole('link', { name: 'Recently deleted' }).click();
  await expect(home.getByRole('listitem').filter({ hasText: 'Deleted for good on' })).toHaveCount(2);
  await accessible(home);
  await home.getByRole('button', { name: 'Restore “One”' }).click();
  await expect(home.getByRole('button', { name: 'Restore “Two”' })).toBeFocused();
  await home.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'All' }).click();
  await expect(titles(home)).toHaveText(['Four', 'Three', 'One']);
  await saved(home);
  await home.reload();
  await expect(titles(home)).toHaveText(['Four', 'Three', 'One']);
});

test.describe('a request that is repeated', () => {
  // The deletion is sent again when its answer was not read.
  test.use({ allowed: /status of 404/ });

  test('a deletion is not lost by a reload right after it', async ({ home }) => {
    await add(home, 'Buy milk', 'Call Ben');
    await remove(home, 'Call Ben');
    await home.reload();
    await expect(titles(home)).toHaveText(['Buy milk']);
    await home.goto('/deleted');
    await expect(home.getByRole('button', { name: 'Restore “Call Ben”' })).toBeVisible();
  });
});

test('deleted items are deleted for good one by one or all at once, after a question', async ({ home }) => {
  await add(home, 'One', 'Two', 'Three');
  for (const title of ['One', 'Two', 'Three']) await remove(home, title);
  await home.getByRole('link', { name: 'Recently deleted' }).click();
  await home.getByRole('button', { name: 'Delete for good: “Two”' }).click();
  const dialog = home.getByRole('dialog', { name: 'Delete for good?' });
  await expect(dialog).toContainText('“Two” and its files');
  await accessible(home);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(home.getByRole('button', { name: 'Restore “Two”' })).toBeVisible();
  await home.getByRole('button', { name: 'Delete for good: “Two”' }).click();
  await dialog.getByRole('button', { name: 'Delete for good' }).click();
  await expect(home.getByRole('button', { name: 'Restore “Two”' })).toHaveCount(0);
  await expect(home.getByRole('heading', { level: 1 })).toBeFocused();

  await home.getByRole('button', { name: 'Empty' }).click();
  await expect(dialog).toContainText('2 to-dos and their files');
  await dialog.getByRole('button', { name: 'Delete for good' }).click();
  await expect(home.getByText('Nothing here')).toBeVisible();
  await saved(home);
  await expect(async () => {
    await home.reload();
    await expect(home.getByText('Nothing here')).toBeVisible({ timeout: 2_000 });
  }).toPass();
});

test('the deleted items of another screen appear and leave by themselves', async ({ home, context }) => {
  await add(home, 'Buy milk');
  const other = await context.newPage();
  await other.goto('/deleted');
  await expect(other.getByText('Nothing here')).toBeVisible();
  await remove(home, 'Buy milk');
  await expect(other.getByRole('button', { name: 'Restore “Buy milk”' })).toBeVisible();
  await other.getByRole('button', { name: 'Restore “Buy milk”' }).click();
  await expect(titles(home)).toHaveText(['Buy milk']);
});
