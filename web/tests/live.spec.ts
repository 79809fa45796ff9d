import { add, expect, row, saved, signIn, test, titles } from './page.ts';

test('what one tab does, the other shows: items, their changes, the inbox, without asking', async ({
  home,
  context,
}) => {
  const other = await context.newPage();
  const asked: string[] = [];
  other.on('request', (request) => {
    if (/\/api\/todos(\?|$)/.test(request.url())) asked.push(request.url());
  });
  await other.goto('/');
  await expect(other.getByText('A clear list')).toBeVisible();
  // Once when it loads, and once when its socket opens, for what changed between.
  await expect.poll(() => asked.length).toBe(2);

  await add(home, 'Buy milk #shopping !high');
  await expect(row(other, 'Buy milk')).toContainText(/High.*shopping/);
  await expect(other.getByRole('link', { name: /^Inbox\s+2 unread/ }).first()).toBeVisible();

  await home.getByRole('button', { name: 'Buy milk', exact: true }).click();
  await home.getByLabel('Title').fill('Buy bread');
  await home.getByLabel('Title').press('Enter');
  await expect(titles(other)).toHaveText(['Buy bread']);

  await home.getByRole('checkbox', { name: 'Complete “Buy bread”' }).click();
  await expect(other.getByText('A clear list')).toBeVisible();
  await home.getByRole('button', { name: 'Undo' }).click();
  await expect(titles(other)).toHaveText(['Buy bread']);

  // By its link: a page that is loaded anew asks, as it should.
  for (const page of [other, home]) {
    await page
      .getByRole('navigation', { name: 'Main' })
      .getByRole('link', { name: /^Inbox/ })
      .click();
  }
  await home.getByRole('button', { name: 'Mark all as read' }).click();
  await expect(other.getByRole('status').filter({ hasText: 'Everything is read' })).toBeVisible();
  expect(asked.length).toBe(2);
});

test('what changes between the first look and the opening of the socket shows once it is open', async ({
  home,
  context,
}) => {
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

test('notes that one tab writes, another that has the item open shows', async ({ home, context }) => {
  await add(home, 'Plan the trip');
  await home.getByRole('link', { name: 'Details: Plan the trip' }).click();
  const other = await context.newPage();
  await other.goto(home.url());
  await expect(other.getByLabel('Notes')).toBeVisible();
  await home.getByLabel('Notes').fill('Ask Ben');
  await home.getByLabel('Notes').blur();
  await expect(other.getByLabel('Notes')).toHaveValue('Ask Ben');
});

test('a tab that lost its socket connects again and shows what it missed', async ({ home, context }) => {
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

test('somebody else hears nothing', async ({ home, browser }) => {
  const { newPerson, register } = await import('./cloud.ts');
  const stranger = newPerson();
  await register(stranger);
  const context = await browser.newContext({ locale: 'en-GB' });
  const theirs = await context.newPage();
  await signIn(theirs, stranger);
  const heard: string[] = [];
  await theirs.reload();
  theirs.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => heard.push(String(payload))));
  await theirs.reload();
  await expect(theirs.getByText('A clear list')).toBeVisible();
  await add(home, 'Mine alone');
  await saved(home);
  // What would reach them comes the same way as their own next item: once that is there, all before it was.
  await add(theirs, 'Theirs');
  await expect(() => expect(heard.join('\n')).toContain('Theirs')).toPass();
  expect(heard.join('\n')).not.toContain('Mine alone');
  await context.close();
});
