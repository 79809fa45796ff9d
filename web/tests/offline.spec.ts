// The page opens without a network: its files and the list are on the device.
import type { Page } from '@playwright/test';
import { add, expect, row, test, titles, waitingKeys } from './page.ts';

test.use({ serviceWorkers: 'allow', allowed: /ERR_INTERNET_DISCONNECTED|ERR_FAILED|WebSocket|Failed to fetch/ });

/** Waits until the page's files are stored on the device, and controls the page from the next load on. */
async function stored(page: Page): Promise<void> {
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.reload();
  await expect(titles(page).first()).toBeVisible();
}

test('a reload without a network shows the list and the changes that wait, and sends them later', async ({
  home,
  context,
}) => {
  await add(home, 'Before', 'To be done');
  await stored(home);
  await context.setOffline(true);
  const field = home.getByRole('textbox', { name: 'Add a to-do' });
  await field.fill('Meanwhile');
  await field.press('Enter');
  await home.getByRole('checkbox', { name: 'Complete “To be done”' }).click();
  await home.reload();
  await expect(home.getByText('You are offline.')).toBeVisible();
  await expect(home.getByText('2 changes wait.')).toBeVisible();
  await expect(titles(home)).toHaveText(['Meanwhile', 'Before']);
  await home.goto('/settings');
  await expect(home.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
  await home.goto('/');

  await context.setOffline(false);
  await expect.poll(() => waitingKeys(home)).toEqual([]);
  await expect(home.getByText('You are offline.')).toBeHidden();
  await home.reload();
  await expect(titles(home)).toHaveText(['Meanwhile', 'Before']);
  await expect(row(home, 'Meanwhile')).toHaveAttribute('aria-busy', 'false');
});

test('notes that are not on this device cannot be overwritten without a network', async ({ home, context }) => {
  await add(home, 'Buy milk');
  await home.getByRole('link', { name: 'Details: Buy milk' }).click();
  const notes = home.getByLabel('Notes');
  await notes.fill('Two bottles');
  await notes.blur();
  await expect.poll(() => waitingKeys(home)).toEqual([]);
  await home.goto('/');
  await stored(home);
  await context.setOffline(true);
  await home.reload();
  await home.getByRole('link', { name: 'Details: Buy milk' }).click();
  await expect(home.getByRole('heading', { level: 1, name: 'Buy milk' })).toBeVisible();
  await expect(notes).toBeHidden();
  await context.setOffline(false);
  await expect(notes).toHaveValue('Two bottles');
});

test('a browser that wrongly reports no network loads the list', async ({ home }) => {
  await add(home, 'Buy milk');
  await home.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, 'onLine', { get: () => false });
    for (const key of Object.keys(localStorage)) if (key.startsWith('busline.items.')) localStorage.removeItem(key);
  });
  await home.reload();
  await expect(titles(home)).toHaveText(['Buy milk']);
});

test('after signing out nothing of the user is left on the device, and no answer of a service ever was', async ({
  home,
}) => {
  await add(home, 'Private');
  await stored(home);
  const paths = await home.evaluate(async () => {
    const stores = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const requests = (await Promise.all(stores.map((store) => store.keys()))).flat();
    return requests.map(({ url }) => new URL(url).pathname);
  });
  expect(paths).toContain('/index.html');
  expect(paths.filter((path) => path.startsWith('/api'))).toEqual([]);
  const everything = () =>
    home.evaluate(() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]));
  await expect.poll(everything).toContain('Private');
  await home.goto('/settings');
  await home.getByRole('button', { name: 'Sign out', exact: true }).click();
  await expect(home).toHaveURL(/sign-in/);
  await expect.poll(everything).not.toContain('Private');
});
