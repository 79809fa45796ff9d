// Changes that wait outlive the tab in which they were made.
import type { Page } from '@playwright/test';
import { accessible, add, expect, row, saved, signIn, test, titles, waitingKeys } from './page.ts';
import { newUser, register } from './cloud.ts';

/** Adds items without waiting for them. */
async function write(page: Page, ...lines: string[]): Promise<void> {
  const field = page.getByRole('textbox', { name: 'Add a to-do' });
  for (const line of lines) {
    await field.fill(line);
    await field.press('Enter');
  }
}

const waiting = (page: Page, text: string) => expect(page.getByText(text)).toBeVisible();

async function signOut(page: Page): Promise<void> {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
}

test.describe('without a connection', () => {
  test.use({ allowed: /ERR_INTERNET_DISCONNECTED|ERR_FAILED|WebSocket|status of 404/ });

  test('changes survive a closed tab and are sent in order at the next visit', async ({ home, context }) => {
    await add(home, 'Before', 'To be done', 'To be gone');
    await context.setOffline(true);
    await write(home, '1', '2', '3', '4', '5', '6', '7', '8');
    await home.getByRole('checkbox', { name: 'Complete “To be done”' }).click();
    await home.getByRole('button', { name: 'Before', exact: true }).click();
    await home.getByLabel('Title').fill('Before it all');
    await home.getByLabel('Title').press('Enter');
    // An item that the service does not know yet is changed, too.
    await home.getByRole('checkbox', { name: 'Complete “4”' }).click();
    await row(home, 'To be gone').hover();
    await home.getByRole('button', { name: 'Delete: To be gone' }).click();
    await waiting(home, '12 changes wait.');
    await home.close();

    await context.setOffline(false);
    const next = await context.newPage();
    await next.goto('/');
    const expected = ['8', '7', '6', '5', '3', '2', '1', 'Before it all'];
    await expect(titles(next)).toHaveText(expected);
    await saved(next);
    await next.reload();
    await expect(titles(next)).toHaveText(expected);
    await next.getByRole('link', { name: 'Completed' }).click();
    await expect(titles(next)).toHaveText(['4', 'To be done']);
    await expect.poll(() => waitingKeys(next)).toEqual([]);
  });

  test('another tab of the same user takes over the changes of a closed tab, not of an open one', async ({
    home,
    context,
  }) => {
    const other = await context.newPage();
    await other.goto('/');
    await expect(other.getByText('A clear list')).toBeVisible();
    await home.route('**/api/todos', (route) =>
      route.request().method() === 'POST' ? route.abort('internetdisconnected') : route.fallback(),
    );
    await write(home, 'Left behind');
    await waiting(home, '1 change waits.');
    await expect(other.getByText('A clear list')).toBeVisible();
    await home.close();
    await expect(titles(other)).toHaveText(['Left behind']);
    await saved(other);
    await other.reload();
    await expect(titles(other)).toHaveText(['Left behind']);
  });

  test('signing out asks before it drops changes, and another user does not see them', async ({ home, context }) => {
    await home.route('**/api/todos', (route) =>
      route.request().method() === 'POST' ? route.abort('internetdisconnected') : route.fallback(),
    );
    await write(home, 'One', 'Two');
    await signOut(home);
    const dialog = home.getByRole('dialog', { name: 'Not everything is sent' });
    await expect(dialog).toContainText('2 changes have not been sent. Sign out and lose them?');
    await accessible(home);
    await dialog.getByRole('button', { name: 'Stay signed in' }).click();
    await expect(dialog).toBeHidden();
    await home.getByRole('button', { name: 'Sign out', exact: true }).click();
    await dialog.getByRole('button', { name: 'Sign out' }).click();
    await expect(home).toHaveURL(/\/sign-in/);
    await expect.poll(() => waitingKeys(home)).toEqual([]);
    const otherUser = newUser();
    await register(otherUser);
    const theirs = await context.newPage();
    await signIn(theirs, otherUser);
    await expect(theirs.getByText('A clear list')).toBeVisible();
  });

  test('pages that were not visited yet are available offline', async ({ home, context }) => {
    await add(home, 'Buy milk');
    await home.waitForLoadState('networkidle');
    await context.setOffline(true);
    await home.getByRole('link', { name: 'Details: Buy milk' }).click();
    await expect(home.getByLabel('Notes')).toBeVisible();
    await home
      .getByRole('link', { name: /^Inbox/ })
      .first()
      .click();
    await expect(home.getByRole('heading', { level: 1, name: 'Inbox' })).toBeVisible();
    await context.setOffline(false);
  });

  test('a page with missing code tells so and loads by itself later', async ({ page, user, context }) => {
    await page.route(/settings-page/, (route) => route.abort('internetdisconnected'));
    await signIn(page, user);
    await page.waitForLoadState('networkidle');
    await context.setOffline(true);
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Settings' }).click();
    await expect(page.getByText('This page needs a connection')).toBeVisible();
    await accessible(page);
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByText('This page needs a connection')).toBeVisible();
    await context.setOffline(false);
    await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
  });
});
