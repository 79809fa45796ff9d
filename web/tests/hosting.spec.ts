import { expect, test } from '@playwright/test';

const OPEN = ['/sign-in', '/sign-up', '/confirm', '/forgot-password', '/no/such/page'];

for (const path of OPEN) {
  test(`${path} opens by its address without a content security policy violation`, async ({ page }) => {
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    expect(complaints).toEqual([]);
  });
}

test('the list requires a sign-in and keeps the requested page', async ({ page }) => {
  await page.goto('/inbox');
  await expect(page).toHaveURL(/\/sign-in\?then=%2Finbox$/);
});
