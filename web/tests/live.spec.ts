import { remind } from './cloud.ts';
import { add, expect, row, saved, signIn, test, titles } from './page.ts';

test('one tab shows what another does: items, changes and the inbox, without requests', async ({
  home,
  context,
  user,
}) => {
  const other = await context.newPage();
  const requests: string[] = [];
  other.on('request', (request) => {
    if (/\/api\/todos(\?|$)/.test(request.url())) requests.push(request.url());
  });
  await other.goto('/');
  await expect(other.getByText('A clear list')).toBeVisible();
  // Once when it loads, and once when its socket opens, because of changes between the two.
  await expect.poll(() => requests.length).toBe(2);

  await add(home, 'Buy milk #shopping !high');
  await expect(row(other, 'Buy milk')).toContainText(/High.*shopping/);
  await remind(user, 'Pay rent');
  await expect(other.getByRole('link', { name: /^Inbox\s+2 unread/ }).first()).toBeVisible();

  await home.getByRole('button', { name: 'Buy milk', exact: true }).click();
  await home.getByLabel('Title').fill('Buy bread');
  await home.getByLabel('Title').press('Enter');
  await expect(titles(other)).toHaveText(['Buy bread']);

  await home.getByRole('checkbox', { name: 'Complete “Buy bread”' }).click();
  await expect(other.getByText('A clear list')).toBeVisible();
  await home.getByRole('button', { name: 'Undo' }).click();
  await expect(titles(other)).toHaveText(['Buy bread']);

  // By its link, because a reload would request the list anyway.
  for (const page of [other, home]) {
    await page
      .getByRole('navigation', { name: 'Main' })
      .getByRole('link', { name: /^Inbox/ })
      .click();
  }
  await home.getByRole('button', { name: 'Mark all as read' }).click();
  await expect(other.getByRole('status').filter({ hasText: 'Everything is read' })).toBeVisible();
  expect(requests.length).toBe(2);
});

test('changes between the first load and the opening of the socket show once it is open', async ({ home, context }) => {
  const other = await context.newPage();
  let open: () => void = () => undefined;
  const mayOpen = new Promise<void>((resolve) => (open = resolve));
  await other.routeWebSocket(/.*/, async (socket) => {
    await mayOpen;
    socket.connectToServer();
  });
  await other.goto('/');
  await expect(other.getByText('A clear list')).toBeVisible();
  await add(home, 'Meanwhile');
  await expect(other.getByText('A clear list')).toBeVisible();
  open();
  await expect(titles(other)).toHaveText(['Meanwhile']);
});

test('notes written in one tab show in another with the item open', async ({ home, context }) => {
  await add(home, 'Plan the trip');
  await home.getByRole('link', { name: 'Details: Plan the trip' }).click();
  const other = await context.newPage();
  await other.goto(home.url());
  await expect(other.getByLabel('Notes')).toBeVisible();
  await home.getByLabel('Notes').fill('Ask Ben');
  await home.getByLabel('Notes').blur();
  await expect(other.getByLabel('Notes')).toHaveValue('Ask Ben');
});

test('a tab that lost its socket reconnects and shows missed changes', async ({ home, context }) => {
  const other = await context.newPage();
  let cut: (() => void) | undefined;
  let refusals = 2;
  await other.routeWebSocket(/.*/, (socket) => {
    if (cut && refusals-- > 0) {
      void socket.close({ code: 1001 });
      return;
    }
    const server = socket.connectToServer();
    cut = () => {
      void socket.close({ code: 1001 });
      void server.close();
    };
  });
  await other.goto('/');
  await expect(other.getByText('A clear list')).toBeVisible();
  await add(home, 'Before');
  await expect(titles(other)).toHaveText(['Before']);

  cut?.();
  await add(home, 'Meanwhile');
  await expect(titles(other)).toHaveText(['Meanwhile', 'Before']);
  await add(home, 'Afterwards');
  await expect(titles(other)).toHaveText(['Afterwards', 'Meanwhile', 'Before']);
});

test('another user receives nothing', async ({ home, browser }) => {
  const { newUser, register } = await import('./cloud.ts');
  const otherUser = newUser();
  await register(otherUser);
  const context = await browser.newContext({ locale: 'en-GB' });
  const theirs = await context.newPage();
  await signIn(theirs, otherUser);
  const received: string[] = [];
  await theirs.reload();
  theirs.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => received.push(String(payload))));
  await theirs.reload();
  await expect(theirs.getByText('A clear list')).toBeVisible();
  await add(home, 'Mine alone');
  await saved(home);
  // Their own next item arrives by the same socket: once it is shown, every earlier message has arrived.
  await add(theirs, 'Theirs');
  await expect(() => expect(received.join('\n')).toContain('Theirs')).toPass();
  expect(received.join('\n')).not.toContain('Mine alone');
  await context.close();
});
