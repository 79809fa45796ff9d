// A session in its later hours: tokens end (in clouds for tests after an hour) and are renewed, until the pool renews them no more.
import type { Page, Route } from '@playwright/test';
import { newUser, register } from './cloud.ts';
import { add, expect, row, saved, signIn, test, titles } from './page.ts';

/** The request with which the page renews its tokens. */
const RENEWAL = 'AWSCognitoIdentityProviderService.GetTokensFromRefreshToken';

/** The distinct access tokens of the page's requests, in order. */
function tokensOf(page: Page): string[] {
  const tokens: string[] = [];
  page.on('request', (request) => {
    const token = /\/api\//.test(request.url()) ? request.headers()['authorization'] : undefined;
    if (token && !tokens.includes(token)) tokens.push(token);
  });
  return tokens;
}

/** Has the user pool refuse to renew tokens, as it does for a session that was ended elsewhere. */
async function refuseRenewal(page: Page, type: string): Promise<void> {
  await page.route('**/*', async (route) => {
    if (route.request().headers()['x-amz-target'] !== RENEWAL) return route.fallback();
    const json = { __type: type, message: 'Refresh Token has been revoked' };
    return route.fulfill({ status: 400, contentType: 'application/x-amz-json-1.1', json });
  });
}

/** Has a service refuse the token of every request that changes something, so often. */
async function refuseTokens(page: Page, times: number): Promise<void> {
  let left = times;
  await page.route('**/api/**', async (route) => {
    if (route.request().method() === 'GET' || left-- <= 0) return route.fallback();
    return route.fulfill({ status: 401, json: { message: 'Unauthorized' } });
  });
}

test('a token that is about to expire is renewed without interruption', async ({ page, user }) => {
  await page.clock.install();
  await signIn(page, user);
  await add(page, 'Before');
  const tokens = tokensOf(page);
  const renewal = page.waitForRequest((request) => request.headers()['x-amz-target'] === RENEWAL);
  await page.clock.fastForward('01:01:00');
  // The socket may have renewed the token already; the next change renews it at the latest.
  await add(page, 'An hour later');
  await renewal;
  expect(tokens.length).toBeGreaterThan(0);
  await expect(titles(page)).toHaveText(['An hour later', 'Before']);
  await page.reload();
  await expect(titles(page)).toHaveText(['An hour later', 'Before']);
});

test.describe('with tokens that are refused', () => {
  test.use({ allowed: /status of 40[01]|ERR_FAILED/ });

  test('a request with a refused token is repeated with a new one', async ({ home }) => {
    const tokens = tokensOf(home);
    await refuseTokens(home, 1);
    await add(home, 'Buy milk');
    await expect.poll(() => tokens.length).toBeGreaterThan(1);
    await home.reload();
    await expect(titles(home)).toHaveText(['Buy milk']);
  });

  for (const type of ['NotAuthorizedException', 'RefreshTokenReuseException']) {
    test(`a session that is not renewed (${type}) ends with a message, and unsaved changes continue after signing in`, async ({
      home,
      user,
    }) => {
      await add(home, 'Before', 'To be done', 'To be gone');
      // The deletion is sent at once; its request is not answered before the session ends.
      const held: Route[] = [];
      await home.route('**/api/todos/*', (route) =>
        route.request().method() === 'DELETE' ? void held.push(route) : route.fallback(),
      );
      const deletion = home.waitForRequest((request) => request.method() === 'DELETE');
      await row(home, 'To be gone').hover();
      await row(home, 'To be gone')
        .getByRole('button', { name: /Delete/ })
        .click();
      await deletion;
      await refuseRenewal(home, type);
      await refuseTokens(home, Infinity);
      const field = home.getByRole('textbox', { name: 'Add a to-do' });
      await field.fill('Meanwhile');
      await field.press('Enter');
      // An error, not good news.
      await expect(home.getByRole('alert')).toHaveText('Your session has ended. Please sign in again.');
      await expect(home.getByRole('status').filter({ hasText: 'session has ended' })).toHaveCount(0);
      await expect(home).toHaveURL(/\/sign-in/);

      // Otherwise it would be sent now.
      for (const route of held) await route.abort();
      await home.unrouteAll({ behavior: 'ignoreErrors' });
      await home.getByLabel('E-mail').fill(user.email);
      await home.getByLabel('Password', { exact: true }).fill(user.password);
      await home.getByRole('button', { name: 'Sign in' }).click();
      await expect(titles(home)).toHaveText(['Meanwhile', 'To be done', 'Before']);
      await saved(home);
      await home.reload();
      await expect(titles(home)).toHaveText(['Meanwhile', 'To be done', 'Before']);
    });
  }
});

test.describe('with a change that cannot be sent', () => {
  test.use({ allowed: /ERR_FAILED/ });

  test('a change is never sent for the next user', async ({ home }) => {
    const other = newUser();
    await register(other);
    await home.clock.install();
    await home.reload();
    const sent: string[] = [];
    await home.route('**/api/todos', (route) => {
      if (route.request().method() !== 'POST') return route.fallback();
      sent.push(route.request().method());
      return route.abort();
    });
    const field = home.getByRole('textbox', { name: 'Add a to-do' });
    await field.fill('Mine alone');
    await field.press('Enter');
    await field.press('Escape');
    await expect(row(home, 'Mine alone')).toBeVisible();
    // The next retry is then late enough for another user to sign in before it.
    await expect(async () => {
      await home.clock.runFor(1_000);
      expect(sent.length).toBeGreaterThanOrEqual(5);
    }).toPass();
    await home.keyboard.press('g');
    await home.keyboard.press('s');
    await home.getByRole('button', { name: 'Sign out', exact: true }).click();
    await home.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
    await expect(home).toHaveURL(/sign-in/);

    await home.getByLabel('E-mail').fill(other.email);
    await home.getByLabel('Password', { exact: true }).fill(other.password);
    await home.getByRole('button', { name: 'Sign in' }).click();
    await expect(home.getByText('A clear list')).toBeVisible();
    sent.length = 0;
    await home.clock.runFor(12_000);
    expect(sent).toEqual([]);
  });
});
