import { stopFunctions } from './cloud.ts';
import { accessible, add, expect, row, saved, test, titles } from './page.ts';

const TODO_ROUTES = [
  'create-todo',
  'list-todos',
  'get-todo',
  'change-todo',
  'delete-todo',
  'complete-todo',
  'reopen-todo',
];

test.describe('with a service stopped', () => {
  test.use({ allowed: /status of 5\d\d|status of 429/ });

  test('changes during the outage show as pending and are sent afterwards', async ({ home }) => {
    await add(home, 'Before');
    const start = await stopFunctions('todos', TODO_ROUTES);
    try {
      const field = home.getByRole('textbox', { name: 'Add a to-do' });
      await field.fill('Meanwhile');
      await field.press('Enter');
      await expect(home.getByRole('status').filter({ hasText: 'We cannot reach the server' })).toBeVisible();
      await home.getByRole('checkbox', { name: 'Complete “Before”' }).click();
      await expect(titles(home)).toHaveText(['Meanwhile']);
      await expect(row(home, 'Meanwhile')).toHaveAttribute('aria-busy', 'true');
      // The other services work.
      await home
        .getByRole('link', { name: /^Inbox/ })
        .first()
        .click();
      await expect(home.getByRole('list', { name: 'Inbox' })).toContainText('Before');
      await home.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'All' }).click();
    } finally {
      await start();
    }
    await saved(home);
    await expect(home.getByRole('status').filter({ hasText: 'We cannot reach' })).toBeHidden();
    await home.reload();
    await expect(titles(home)).toHaveText(['Meanwhile']);
    await home.goto('/?view=completed');
    await expect(titles(home)).toHaveText(['Before']);
  });

  test('a page opened during the outage shows the last list, tells so and loads by itself afterwards', async ({
    home,
  }) => {
    await add(home, 'Before');
    const start = await stopFunctions('todos', TODO_ROUTES);
    const message = home.getByText('We cannot reach the server.');
    try {
      await home.reload();
      await expect(message).toBeVisible();
      await expect(titles(home)).toHaveText(['Before']);
      await accessible(home);
    } finally {
      await start();
    }
    await expect(message).toBeHidden();
    await expect(titles(home)).toHaveText(['Before']);
  });

  test('without a stored list, a page opened during the outage shows that the list does not load', async ({ home }) => {
    await add(home, 'Before');
    await home.addInitScript(() => {
      for (const key of Object.keys(localStorage)) if (key.startsWith('busline.items.')) localStorage.removeItem(key);
    });
    const start = await stopFunctions('todos', TODO_ROUTES);
    try {
      await home.reload();
      await expect(home.getByText('Your list does not load')).toBeVisible();
      await accessible(home);
    } finally {
      await start();
    }
    await expect(titles(home)).toHaveText(['Before']);
  });

  test('the list works while the inbox is unavailable', async ({ home }) => {
    const start = await stopFunctions('notifications', ['list-notifications']);
    try {
      await home.reload();
      await add(home, 'Buy milk');
      await home.goto('/inbox');
      await expect(home.getByText('Your inbox does not load')).toBeVisible();
      await accessible(home);
    } finally {
      await start();
    }
    await expect(home.getByRole('list', { name: 'Inbox' })).toContainText('Buy milk', { timeout: 20_000 });
  });
});

test.describe('with a bad connection', () => {
  test.use({ allowed: /ERR_INTERNET_DISCONNECTED|WebSocket/ });

  test('changes made offline are kept and sent afterwards', async ({ home, context }) => {
    await add(home, 'Before');
    await context.setOffline(true);
    await expect(home.getByRole('status').filter({ hasText: 'You are offline' })).toBeVisible();
    const field = home.getByRole('textbox', { name: 'Add a to-do' });
    await field.fill('In the tunnel');
    await field.press('Enter');
    await expect(titles(home)).toHaveText(['In the tunnel', 'Before']);
    await expect(home.getByText('1 change waits.')).toBeVisible();
    await context.setOffline(false);
    await saved(home);
    await expect(home.getByRole('status').filter({ hasText: 'You are offline' })).toBeHidden();
    await home.reload();
    await expect(titles(home)).toHaveText(['In the tunnel', 'Before']);
  });
});

test('on a slow network each change shows at once as pending', async ({ home }) => {
  await home.route('**/api/**', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    return route.continue();
  });
  const field = home.getByRole('textbox', { name: 'Add a to-do' });
  await field.fill('Buy milk');
  await field.press('Enter');
  await expect(row(home, 'Buy milk')).toHaveAttribute('aria-busy', 'true', { timeout: 500 });
  // It is an item already: it can be completed before the service knows of it.
  await home.getByRole('checkbox', { name: 'Complete “Buy milk”' }).click();
  await expect(home.getByRole('checkbox', { name: 'Reopen “Buy milk”' })).toBeChecked({ timeout: 500 });
  // Its row stays for a moment.
  await expect(home.getByText('A clear list')).toBeVisible();
  await home.getByRole('link', { name: 'Completed' }).click();
  await expect(row(home, 'Buy milk')).toBeVisible();
  await saved(home);
  await home.reload();
  await expect(titles(home)).toHaveText(['Buy milk']);
});
