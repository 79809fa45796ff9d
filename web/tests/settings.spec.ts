import type { Route } from '@playwright/test';
import { emailsTo, newUser, register, until } from './cloud.ts';
import { accessible, add, choose, expect, row, saved, signIn, test } from './page.ts';

test('name, language and time zone are saved, and the page follows them', async ({ home }) => {
  await add(home, 'Buy milk tomorrow 9:00', 'Water the plants tomorrow');
  await expect(row(home, 'Buy milk')).toContainText('Tomorrow 9:00');
  await home.goto('/settings');
  await home.getByLabel('Name').fill('Ann Bell');
  await choose(home, 'Time zone', 'Asia/Tokyo');
  await choose(home, 'Language', 'Deutsch');
  await home.getByRole('button', { name: 'Save' }).click();
  await expect(home.getByRole('heading', { level: 1, name: 'Einstellungen' })).toBeVisible();
  await home.reload();
  await expect(home.getByLabel('Name')).toHaveValue('Ann Bell');
  await expect(home.getByLabel('Zeitzone')).toHaveText('Asia/Tokyo');
  await expect(home.locator('html')).toHaveAttribute('lang', 'de');
  await home.goto('/');
  await expect(row(home, 'Buy milk')).toContainText(/18:00/);
  await expect(row(home, 'Water the plants').locator('[data-tone=due]')).toHaveText(/^(Heute|Morgen)$/);
});

test('the language is that of the signed-in user', async ({ home }) => {
  const other = newUser();
  await register(other);
  await home.goto('/settings');
  await choose(home, 'Language', 'Deutsch');
  await home.getByRole('button', { name: 'Save' }).click();
  await expect(home.getByRole('status').filter({ hasText: 'Gespeichert' })).toBeVisible();
  await home.getByRole('button', { name: 'Abmelden', exact: true }).click();
  await expect(home).toHaveURL(/sign-in/);

  await home.getByLabel('E-Mail').fill(other.email);
  await home.getByLabel('Passwort', { exact: true }).fill(other.password);
  await home.getByRole('button', { name: 'Anmelden' }).click();
  await expect(home.getByRole('heading', { level: 1, name: 'All' })).toBeVisible();
  await home.goto('/settings');
  await expect(home.locator('html')).toHaveAttribute('lang', 'en');
  await expect(home.getByLabel('Language')).toHaveText('English');
});

test('an empty name and an unchanged profile are not saved', async ({ home }) => {
  await home.goto('/settings');
  const name = home.getByLabel('Name');
  const save = home.getByRole('button', { name: 'Save' });
  await expect(name).toHaveValue('Ann Ball');
  await expect(save).toBeDisabled();
  await name.fill('   ');
  await expect(save).toBeDisabled();
  await expect(name).toHaveAccessibleDescription('A name has 1 to 100 characters, on one line.');
  await name.fill(' Ann Ball ');
  await expect(save).toBeDisabled();
  await name.fill(' Ann Bell ');
  await save.click();
  await expect(name).toHaveValue('Ann Bell');
  await expect(save).toBeFocused();
});

test.describe('with a service that refuses the input', () => {
  test.use({ allowed: /status of 400/ });

  test('its problem is shown in the language of the page', async ({ home }) => {
    await home.goto('/settings');
    await choose(home, 'Language', 'Deutsch');
    await home.getByRole('button', { name: 'Save' }).click();
    await expect(home.getByLabel('Zeitzone')).toBeVisible();
    await home.route('**/api/me', (route) => {
      if (route.request().method() !== 'PATCH') return route.fallback();
      const errors = [{ field: 'timeZone', message: 'must be an IANA time zone name' }];
      const json = { type: 'urn:problem:busline:invalid-request', title: '', status: 400, detail: '', errors };
      return route.fulfill({ status: 400, contentType: 'application/problem+json', json });
    });
    await choose(home, 'Zeitzone', 'Asia/Tokyo');
    await home.getByRole('button', { name: 'Speichern' }).click();
    await expect(home.getByRole('alert')).toHaveText(
      'Diese Zeitzone kennen wir nicht. Wählen Sie eine andere in der Nähe.',
    );
  });
});

test('email settings take effect at once', async ({ home }) => {
  await home.goto('/settings');
  const reminders = home.getByRole('switch', { name: 'Remind me by e-mail' });
  const digest = home.getByRole('switch', { name: 'Send me a summary' });
  await expect(reminders).toBeChecked();
  await expect(digest).not.toBeChecked();
  const saved = home.waitForResponse((response) => response.request().method() === 'PATCH');
  await reminders.click();
  expect((await saved).status()).toBe(200);
  const on = home.waitForResponse((response) => response.request().method() === 'PATCH');
  await digest.click();
  await on;
  const hour = home.waitForResponse((response) => response.request().method() === 'PATCH');
  await choose(home, 'Summary at', '18:00');
  expect((await hour).status()).toBe(200);
  await home.reload();
  await expect(reminders).not.toBeChecked();
  await expect(home.getByLabel('Summary at')).toHaveText('18:00');
});

test('the settings tell that e-mails come back', async ({ page }) => {
  // Addresses of the mailbox simulator of SES bounce.
  const user = { ...newUser(), email: `bounce+${crypto.randomUUID()}@simulator.amazonses.com` };
  await register(user);
  await signIn(page, user);
  await expect(async () => {
    await page.goto('/settings');
    await expect(page.getByText('E-mails to your address came back')).toBeVisible({ timeout: 2_000 });
  }).toPass();
});

test('the link in a reminder stops reminders in any browser after a confirmation', async ({ home, browser, user }) => {
  const request = home.waitForRequest(/\/api\/preferences$/);
  await home.goto('/settings');
  const { authorization = '' } = await (await request).allHeaders();
  // Due in seconds; the page's own field knows minutes.
  const body = JSON.stringify({ title: 'Buy milk', dueAt: new Date(Date.now() + 3_000).toISOString() });
  const added = await home.evaluate(
    async ({ authorization, body }) => {
      const headers = { authorization, 'content-type': 'application/json' };
      return (await fetch('/api/todos', { method: 'POST', headers, body })).status;
    },
    { authorization, body },
  );
  expect(added).toBe(201);
  const link = await until('a reminder', async () =>
    (await emailsTo(user.email))
      .map(({ BodyText }) => /http\S+\/unsubscribe\?token=\S+/.exec(BodyText)?.[0])
      .find((address) => address !== undefined),
  );

  const context = await browser.newContext({ locale: 'en-GB' });
  const elsewhere = await context.newPage();
  await elsewhere.goto(link);
  await expect(elsewhere.getByRole('heading', { level: 1, name: 'Stop these e-mails?' })).toBeVisible();
  const reminders = home.getByRole('switch', { name: 'Remind me by e-mail' });
  await home.reload();
  await expect(reminders).toBeChecked();
  await elsewhere.getByRole('button', { name: 'Unsubscribe' }).click();
  await expect(elsewhere.getByRole('heading', { level: 1, name: 'Done' })).toBeVisible();
  await home.reload();
  await expect(reminders).not.toBeChecked();
  await context.close();
});

test('the theme is stored on this device', async ({ home }) => {
  await home.goto('/settings');
  await choose(home, 'Theme', 'Dark');
  await expect(home.locator('html')).toHaveAttribute('data-theme', 'dark');
  await home.reload();
  await expect(home.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('single-key shortcuts can be turned off', async ({ home }) => {
  await home.goto('/settings');
  await home.getByRole('switch', { name: 'Single-key shortcuts' }).click();
  await home.keyboard.press('?');
  await expect(home.getByRole('dialog')).toBeHidden();
});

test('a page for administrators is closed to others', async ({ home }) => {
  await home.goto('/users');
  await expect(home.getByText('Only administrators see this page.')).toBeVisible();
  await accessible(home);
});

test('an export is prepared and can be downloaded', async ({ home }) => {
  test.slow();
  await add(home, 'Buy milk');
  await home.goto('/settings');
  await expect(home.getByText('There is no export yet.')).toBeVisible();
  await home.getByRole('button', { name: 'Export my data' }).click();
  const download = home.getByRole('button', { name: 'Download the archive' });
  await expect(download).toBeVisible({ timeout: 30_000 });
  const started = home.waitForEvent('download');
  await download.click();
  expect((await started).suggestedFilename()).toMatch(/\.zip$/);
});

test.describe('an account', () => {
  test.use({ allowed: /status of 400|status of 401|WebSocket/ });

  test('is deleted only with the password, and then cannot sign in', async ({ home, user }) => {
    await add(home, 'Buy milk');
    await home.goto('/settings');
    await home.getByRole('button', { name: 'Delete my account' }).click();
    const dialog = home.getByRole('dialog', { name: 'Delete your account?' });
    await dialog.getByLabel('Password', { exact: true }).fill('Not-the-password-1');
    await dialog.getByRole('button', { name: 'Delete for good' }).click();
    await expect(dialog.getByRole('alert')).toContainText('password is wrong');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    const read: string[] = [];
    home.on('requestfinished', (request) => read.push(new URL(request.url()).pathname));
    await home.reload();
    await expect(home.getByText(user.email)).toBeVisible();
    // Once when it loads, and once when its socket opens: a later read would meet the deletion.
    for (const path of ['/api/me', '/api/me/export', '/api/preferences'])
      await expect.poll(() => read.filter((one) => one === path).length).toBe(2);

    await home.getByRole('button', { name: 'Delete my account' }).click();
    await dialog.getByLabel('Password', { exact: true }).fill(user.password);
    await dialog.getByRole('button', { name: 'Delete for good' }).click();
    await expect(home.getByRole('status').filter({ hasText: 'being deleted' })).toBeVisible();
    await home.getByLabel('E-mail').fill(user.email);
    await home.getByLabel('Password', { exact: true }).fill(user.password);
    await home.getByRole('button', { name: 'Sign in' }).click();
    await expect(home.getByRole('alert')).toContainText('password is wrong');
  });
});

test.describe('a sign-out on all devices', () => {
  // The live connection is closed with the session, and what a page is still loading is refused.
  test.use({ allowed: /ERR_FAILED|status of (40[01]|500)|WebSocket/ });

  test('lets the user sign in again at once', async ({ home, browser, user }) => {
    const context = await browser.newContext();
    const other = await context.newPage();
    await signIn(other, user);
    await home.goto('/settings');
    await home.getByRole('button', { name: 'Sign out on all devices' }).click();
    await expect(home).toHaveURL(/sign-in/);
    await signIn(home, user);
    await add(home, 'Later');
    await saved(home);
    // The other device notices it with its next request.
    await other.reload();
    await expect(other).toHaveURL(/sign-in/);
    await context.close();
  });

  test('that fails leaves the user signed in, with a message', async ({ home }) => {
    await home.goto('/settings');
    const signOut = home.getByRole('button', { name: 'Sign out on all devices' });
    await home.route('**/api/me/sign-out', (route) => route.fulfill({ status: 500, json: {} }), { times: 1 });
    await signOut.click();
    await expect(home.getByRole('status').filter({ hasText: 'Something went wrong' })).toBeVisible();
    await home.route('**/api/me/sign-out', (route) => route.abort(), { times: 1 });
    await signOut.click();
    await expect(home.getByRole('status').filter({ hasText: 'could not be reached' })).toBeVisible();
    await expect(home).toHaveURL(/settings/);
    await signOut.click();
    await expect(home).toHaveURL(/sign-in/);
  });

  test('without an answer has ended the session all the same', async ({ home }) => {
    await home.goto('/settings');
    let answered = 0;
    const lose = async (route: Route) => {
      answered = (await route.fetch()).status();
      await route.abort();
    };
    await home.route('**/api/me/sign-out', lose, { times: 1 });
    await home.getByRole('button', { name: 'Sign out on all devices' }).click();
    await expect.poll(() => answered).toBe(204);
    await home.reload();
    await expect(home).toHaveURL(/sign-in/);
  });
});

test('every limit is listed with what happens beyond, as the language writes numbers', async ({ home }) => {
  await home.goto('/settings');
  const limits = home.getByRole('region', { name: 'Limits' });
  const items = limits.getByRole('row').filter({ has: home.getByRole('rowheader', { name: /^To-dos/ }) });
  await expect(items.getByRole('cell')).toHaveText('10,000');
  await expect(items).toContainText('empty “Recently deleted”');
  await expect(limits.getByRole('row', { name: 'Size of all files' }).getByRole('cell')).toHaveText('5 GB');
  await accessible(home);
  await home.setViewportSize({ width: 320, height: 640 });
  await expect.poll(() => limits.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
  await choose(home, 'Language', 'Deutsch');
  await home.getByRole('button', { name: 'Save' }).click();
  const german = home.getByRole('region', { name: 'Grenzen' });
  await expect(german.getByRole('cell', { name: '10.000' })).toBeVisible();
  await expect.poll(() => german.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
});
