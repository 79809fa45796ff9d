// A deployment without the service of inbox and emails: the distribution answers in its place, and there is no WebSocket.
// Where the service is deployed, that is imitated.
import type { Page } from '@playwright/test';
import { isDeployed } from './cloud.ts';
import { accessible, add, expect, signIn, test, titles } from './page.ts';

const NOT_FOUND = { type: 'about:blank', title: 'Not Found', status: 404 };

async function withoutNotifications(page: Page): Promise<void> {
  if (!isDeployed('notifications')) return;
  await page.route('**/config.json', async (route) => {
    const response = await route.fetch();
    const config = (await response.json()) as Record<string, unknown>;
    await route.fulfill({ response, json: { ...config, websocketUrl: null } });
  });
  await page.route(/\/api\/(notifications|preferences|unsubscribe)/, (route) =>
    route.fulfill({ status: 404, contentType: 'application/problem+json', body: JSON.stringify(NOT_FOUND) }),
  );
}

test.use({ allowed: /status of 404/ });

test('without the service, sign-in and list work and the page names what is missing', async ({ page, user }) => {
  await withoutNotifications(page);
  await signIn(page, user);
  await add(page, 'Buy milk');
  await page.getByRole('checkbox', { name: 'Complete “Buy milk”' }).click();
  await expect(page.getByText('A clear list')).toBeVisible();

  await page.goto('/inbox');
  await expect(page.getByRole('heading', { level: 1, name: 'There is no inbox here' })).toBeVisible();
  await expect(page.getByText('has no inbox and sends no reminders')).toBeVisible();
  await accessible(page);
  await page.goto('/settings');
  await expect(page.getByText('sends no reminders and no summaries')).toBeVisible();
  await expect(page.getByLabel('Name', { exact: true })).toBeVisible();
  await page.goto('/unsubscribe?token=x');
  await page.getByRole('button', { name: 'Unsubscribe' }).click();
  await expect(page.getByRole('alert')).toHaveText('This installation of Busline does not have this part.');

  await page.goto('/?view=completed');
  await expect(titles(page)).toHaveText(['Buy milk']);
  await expect(page.getByText(/We cannot reach|does not answer/)).toHaveCount(0);
});

test.describe('in German', () => {
  test.use({ locale: 'de-DE' });

  test('the page names in German what is missing', async ({ page, user }) => {
    await withoutNotifications(page);
    await page.goto('/sign-in?then=%2Finbox');
    await page.getByLabel('E-Mail').fill(user.email);
    await page.getByLabel('Passwort', { exact: true }).fill(user.password);
    await page.getByRole('button', { name: 'Anmelden' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Hier gibt es keinen Eingang' })).toBeVisible();
    await page.goto('/settings');
    await expect(page.getByText('verschickt keine Erinnerungen und keine Übersichten')).toBeVisible();
  });
});
