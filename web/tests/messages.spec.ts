// The messages at the foot of the page, such as the one that offers to undo.
import type { Page } from '@playwright/test';
import { accessible, add, expect, row, saved, test, titles } from './page.ts';

async function remove(page: Page, title: string): Promise<void> {
  await row(page, title).hover();
  await row(page, title)
    .getByRole('button', { name: /Delete/ })
    .click();
}

test('a message under the pointer or with the focus stays, and its action works', async ({ home }) => {
  await home.clock.install();
  await home.reload();
  await add(home, 'Buy milk');
  await remove(home, 'Buy milk');
  const undo = home.getByRole('button', { name: 'Undo' });
  await home.getByText('Deleted “Buy milk”').hover();
  // A minute later a request that is still under way is repeated.
  await saved(home);
  await home.clock.fastForward(60_000);
  await expect(undo).toBeVisible();
  await undo.focus();
  await home.mouse.move(0, 0);
  await home.clock.fastForward(60_000);
  await undo.press('Enter');
  await expect(titles(home)).toHaveText(['Buy milk']);
  await expect(undo).toBeHidden();
  await expect.poll(() => home.evaluate(() => document.activeElement !== document.body)).toBe(true);

  await remove(home, 'Buy milk');
  await undo.focus();
  await home.getByRole('textbox', { name: 'Add a to-do' }).focus();
  await home.mouse.move(0, 0);
  await home.clock.fastForward(9_000);
  await expect(undo).toBeHidden();
});

test('a long title is shortened in a message', async ({ home }) => {
  const title = 'word '.repeat(40).trim();
  await add(home, title);
  await remove(home, title);
  const message = home.getByText(/^Deleted “word/);
  await expect(message).toHaveText(`Deleted “${'word '.repeat(12).slice(0, 59)}…”`);
  expect(await message.evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)).toBe(0);
  await accessible(home);
});

test.describe('at a limit', () => {
  test.use({ allowed: /status of 4(09|29)/ });

  test('a new to-do that a limit refuses tells so, is not sent again, and its text is back in the line', async ({
    home,
  }) => {
    const answers = [
      { status: 429, headers: { 'Retry-After': '1' }, json: problem('too-many-requests', 429) },
      { status: 409, json: problem('item-limit-reached', 409) },
    ];
    let sent = 0;
    await home.route('**/api/todos', (route) => {
      if (route.request().method() !== 'POST') return route.fallback();
      return route.fulfill(answers[sent++] ?? { status: 500 });
    });
    const field = home.getByRole('textbox', { name: 'Add a to-do' });
    await field.fill('One more #shopping');
    await field.press('Enter');
    await expect(home.getByText('You can have 10,000 to-dos at most.')).toBeVisible();
    await expect(field).toHaveValue('One more #shopping');
    await expect(row(home, 'One more')).toHaveCount(0);
    await saved(home);
    await home.unrouteAll();
    await field.press('Enter');
    await expect(titles(home)).toHaveText(['One more']);
    expect(sent).toBe(2);
  });
});

function problem(kind: string, status: number) {
  return { type: `urn:problem:busline:${kind}`, title: 'Refused', status, detail: 'for programs' };
}
