import { remind } from './cloud.ts';
import { add, expect, saved, test } from './page.ts';

test.describe('reminders', () => {
  // The item of the reminder does not exist.
  test.use({ allowed: /status of 404/ });

  test('a reminder is unread, stands out and links to the item, and own changes are not unread', async ({
    home,
    user,
  }) => {
    await add(home, 'Buy milk', 'Call Ben', 'Walk the dog');
    await home.getByRole('checkbox', { name: 'Complete “Call Ben”' }).click();
    await saved(home);
    await home.goto('/inbox');
    const entries = home.getByRole('list', { name: 'Inbox' }).getByRole('listitem');
    await expect(entries.filter({ hasText: 'You completed “Call Ben”' })).toBeVisible();
    await expect(entries.filter({ hasText: 'You added “Buy milk”' })).toBeVisible();
    await expect(entries).toHaveCount(5);
    // The greeting alone.
    await expect(home.getByRole('status').filter({ hasText: '1 unread' })).toBeVisible();

    await remind(user, 'Pay rent');
    await expect(home.getByRole('status').filter({ hasText: '2 unread' })).toBeVisible();
    await expect(home.getByRole('link', { name: /^Inbox\s+2 unread/ }).first()).toBeVisible();
    const glyph = (text: string) => entries.filter({ hasText: text }).locator('span').first();
    const colour = (text: string) => glyph(text).evaluate((element) => getComputedStyle(element).backgroundColor);
    expect(await colour('Pay rent')).not.toBe(await colour('Welcome'));

    await home.getByRole('button', { name: 'Mark as read: Welcome' }).click();
    await expect(home.getByRole('status').filter({ hasText: '1 unread' })).toBeVisible();
    await home.getByRole('button', { name: 'Only unread' }).click();
    await expect(entries).toHaveCount(1);
    await home.getByRole('button', { name: /Unread: .*Pay rent/ }).click();
    await expect(home).toHaveURL(/\/todos\//);
    await expect(home.getByRole('link', { name: 'Inbox', exact: true }).first()).toBeVisible();
  });
});

test('all entries are marked as read at once', async ({ home, user }) => {
  await remind(user, 'Buy milk', 'Call Ben');
  await home.goto('/inbox');
  await expect(home.getByRole('status').filter({ hasText: '3 unread' })).toBeVisible();
  await home.getByRole('button', { name: 'Mark all as read' }).click();
  await expect(home.getByRole('status').filter({ hasText: 'Everything is read' })).toBeVisible();
  await expect(home.getByRole('button', { name: 'Mark all as read' })).toBeFocused();
  await home.getByRole('button', { name: 'Only unread' }).click();
  await expect(home.getByRole('heading', { name: 'Everything is read' })).toBeVisible();
  await home.reload();
  await expect(home.getByRole('status').filter({ hasText: 'Everything is read' })).toBeVisible();
});

test('entries are marked one after the other by keyboard without reloading the inbox', async ({ home, user }) => {
  await remind(user, 'Buy milk', 'Call Ben');
  let open: () => void = () => undefined;
  const mayOpen = new Promise<void>((resolve) => (open = resolve));
  await home.routeWebSocket(/.*/, async (socket) => {
    await mayOpen;
    socket.connectToServer().onMessage((message) => {
      const { type, added } = JSON.parse(String(message)) as { type: string; added?: boolean };
      // A late message about the added entries, which are loaded.
      if (!(type === 'InboxChanged' && added)) socket.send(message);
    });
  });
  const entries = home.getByRole('list', { name: 'Inbox' }).getByRole('listitem');
  await expect(async () => {
    await home.goto('/inbox');
    await expect(entries).toHaveCount(3, { timeout: 3_000 });
  }).toPass();
  // Once its socket is open, the page loads everything again.
  const loadedAgain = home.waitForResponse((response) => response.url().includes('/api/notifications'));
  open();
  await loadedAgain;
  await home.getByRole('button', { name: /^Mark as read: .*Buy milk/ }).focus();
  await home.waitForLoadState('networkidle');
  const requests: string[] = [];
  home.on('request', (request) => {
    if (request.url().includes('/api/notifications')) requests.push(request.method());
  });
  // A list that is loaded while an entry is being marked would be loaded again.
  const marked = home.waitForResponse((response) => response.request().method() === 'POST');
  await home.keyboard.press('Enter');
  await expect(home.getByRole('status').filter({ hasText: '2 unread' })).toBeVisible();
  await expect(home.getByRole('button', { name: /Buy milk/ })).toBeFocused();
  await marked;

  await home.getByRole('button', { name: 'Only unread' }).click();
  await expect(entries).toHaveCount(2);
  await home.getByRole('button', { name: /^Mark as read: .*Call Ben/ }).press('Enter');
  await expect(entries).toHaveCount(1);
  await expect(home.getByRole('button', { name: /^Mark as read: Welcome/ })).toBeFocused();
  await home.keyboard.press('Enter');
  await expect(home.getByRole('heading', { name: 'Everything is read' })).toBeVisible();
  await expect(home.getByRole('button', { name: 'Only unread' })).toBeFocused();
  // The list of unread entries is requested once, and each entry is marked by one request.
  await home.waitForTimeout(1_500);
  expect(requests.sort()).toEqual(['GET', 'POST', 'POST', 'POST']);
});
