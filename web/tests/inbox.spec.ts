import { add, expect, test } from './page.ts';

test('the inbox lists events, counts unread entries and links to the item', async ({ home }) => {
  await add(home, 'Buy milk');
  await home.goto('/inbox');
  const entries = home.getByRole('list', { name: 'Inbox' }).getByRole('listitem');
  await expect(entries.filter({ hasText: 'Buy milk' })).toBeVisible();
  await expect(entries.filter({ hasText: 'Welcome' })).toBeVisible();
  await expect(home.getByRole('status').filter({ hasText: '2 unread' })).toBeVisible();
  await expect(home.getByRole('link', { name: /^Inbox\s+2 unread/ }).first()).toBeVisible();

  await home.getByRole('button', { name: 'Mark as read: Welcome' }).click();
  await expect(home.getByRole('status').filter({ hasText: '1 unread' })).toBeVisible();
  await home.getByRole('button', { name: 'Only unread' }).click();
  await expect(entries).toHaveCount(1);
  await home.getByRole('button', { name: /Unread: .*Buy milk/ }).click();
  await expect(home.getByRole('textbox', { name: 'Title' })).toHaveValue('Buy milk');
  await expect(home.getByRole('link', { name: 'Inbox', exact: true }).first()).toBeVisible();
});

test('all entries are marked as read at once', async ({ home }) => {
  await add(home, 'Buy milk', 'Call Ben');
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

test('entries are marked one after the other by keyboard without reloading the inbox', async ({ home }) => {
  // The count of the third entry may arrive after the entry was loaded; the page would then load the inbox again.
  let isLoaded = false;
  await home.routeWebSocket(/.*/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      const { type, unread } = JSON.parse(String(message)) as { type: string; unread?: number };
      if (!(isLoaded && type === 'InboxChanged' && unread === 3)) socket.send(message);
    });
  });
  await add(home, 'Buy milk', 'Call Ben');
  await home.goto('/inbox');
  const entries = home.getByRole('list', { name: 'Inbox' }).getByRole('listitem');
  await expect(entries).toHaveCount(3);
  isLoaded = true;
  await home.getByRole('button', { name: /^Mark as read: .*Buy milk/ }).focus();
  // The socket is open by then, and earlier changes are loaded.
  await home.waitForLoadState('networkidle');
  const requests: string[] = [];
  home.on('request', (request) => {
    if (request.url().includes('/api/notifications')) requests.push(request.method());
  });
  await home.keyboard.press('Enter');
  await expect(home.getByRole('status').filter({ hasText: '2 unread' })).toBeVisible();
  await expect(home.getByRole('button', { name: /Buy milk/ })).toBeFocused();

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
