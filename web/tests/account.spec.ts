import type { Page } from '@playwright/test';
import { codesTo, emailedCode, newUser, register, resetPassword, until, emailsTo, type User } from './cloud.ts';
import { add, expect, row, signIn, test } from './page.ts';

/** Fills in the form of the page that is open, and sends it. */
async function send(page: Page, { email, password }: User): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: /^(Sign in|Create account)$/ }).click();
}

/** Has the user pool refuse an operation. */
async function refuse(page: Page, operation: string, type: string, message: string): Promise<void> {
  await page.route('**/*', async (route) => {
    const target = route.request().headers()['x-amz-target'];
    if (target !== `AWSCognitoIdentityProviderService.${operation}`) return route.fallback();
    return route.fulfill({ status: 400, contentType: 'application/x-amz-json-1.1', json: { __type: type, message } });
  });
}
test.describe('an account', () => {
  // Cognito answers a wrong code or password with 400, which the browser logs.
  test.use({ allowed: /status of 400/ });

  test('is created with the code from the email, and the user is signed in at once', async ({ page }) => {
    const user = newUser();
    await page.goto('/sign-up');
    await page.getByLabel('Your name').fill('Ann Ball');
    await page.getByLabel('E-mail').fill(user.email);
    await page.getByLabel('Password', { exact: true }).fill(user.password);
    await page.getByRole('button', { name: 'Create account' }).click();

    await expect(page.getByRole('heading', { name: 'Check your e-mail' })).toBeVisible();
    const code = await emailedCode(user.email);
    const wrong = code === '000000' ? '000001' : '000000';
    await page.getByLabel('Code').fill(wrong);
    await page.getByRole('button', { name: 'Confirm' }).click();
    await expect(page.getByRole('alert')).toContainText('This code is wrong');

    await page.getByLabel('Code').fill(code);
    await page.getByRole('button', { name: 'Confirm' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'All' })).toBeVisible();
    await expect(page.getByText('A clear list')).toBeVisible();

    await page.goto('/settings');
    await expect(page.getByLabel('Name')).toHaveValue('Ann Ball');
    await expect(page.getByLabel('Time zone')).toHaveText('Europe/Dublin');
  });

  test('can request another code', async ({ page }) => {
    const user = newUser();
    await page.goto('/sign-up');
    await page.getByLabel('E-mail').fill(user.email);
    await page.getByLabel('Password', { exact: true }).fill(user.password);
    await page.getByRole('button', { name: 'Create account' }).click();
    await emailedCode(user.email);
    await page.getByRole('button', { name: 'Send a new code' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'on its way' })).toBeVisible();
    await until('a second mail', async () => ((await emailsTo(user.email)).length >= 2 ? true : undefined));
  });

  test('shows a message for a wrong password and stays signed out', async ({ page, user }) => {
    await page.goto('/sign-in');
    await page.getByLabel('E-mail').fill(user.email);
    await page.getByLabel('Password', { exact: true }).fill('Not-the-password-1');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toContainText('password is wrong');
    await expect(page.getByRole('button', { name: 'Sign in' })).toBeFocused();
    await expect(page).toHaveURL(/sign-in/);
  });

  test('shows why the user pool refuses other input', async ({ page, user }) => {
    await page.goto('/sign-in');
    await refuse(page, 'InitiateAuth', 'NotAuthorizedException', 'Password attempts exceeded');
    await send(page, user);
    await expect(page.getByRole('alert')).toContainText('Too many attempts');
    await page.unrouteAll();

    await page.goto('/sign-up');
    const constraint = 'Member must satisfy regular expression pattern: ^[\\S]+.*[\\S]+$';
    const blank = `1 validation error detected: Value at 'password' failed to satisfy constraint: ${constraint}`;
    await refuse(page, 'SignUp', 'InvalidParameterException', blank);
    await send(page, { ...newUser(), password: ' Blank-before-1' });
    await expect(page.getByRole('alert')).toContainText('must not begin or end with a blank');
    await page.unrouteAll();

    await page.goto(`/confirm?email=${encodeURIComponent(user.email)}`);
    await page.getByLabel('Code').fill('123456');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await expect(page.getByRole('alert')).toContainText('already confirmed');

    await page.goto('/forgot-password');
    const unverified = 'Cannot reset password for the user as there is no registered/verified email or phone_number';
    await refuse(page, 'ForgotPassword', 'InvalidParameterException', unverified);
    await page.getByLabel('E-mail').fill(user.email);
    await page.getByRole('button', { name: 'Send the code' }).click();
    await expect(page.getByRole('alert')).toContainText('confirm its address first');
  });

  test('gets a new password with the code from the email', async ({ page, user }) => {
    const before = await codesTo(user.email);
    await page.goto('/sign-in');
    await page.getByRole('link', { name: 'Forgot your password?' }).click();
    await page.getByLabel('E-mail').fill(user.email);
    await page.getByRole('button', { name: 'Send the code' }).click();
    await expect(page.getByLabel('Code')).toHaveValue('');
    const first = await emailedCode(user.email, before);
    await page.getByLabel('Code').fill(first === '000000' ? '000001' : '000000');
    await page.getByLabel('New password').fill(`${user.password}-new`);
    await page.getByRole('button', { name: 'Set the new password' }).click();
    await expect(page.getByRole('alert')).toContainText('This code is wrong');
    await page.getByRole('button', { name: 'Send a new code' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'A new code is on its way' })).toBeVisible();
    await expect(page.getByRole('alert')).toBeHidden();
    const second = await emailedCode(user.email, [...before, first]);

    await page.reload();
    await page.getByLabel('Code').fill(second);
    const password = `${user.password}-new`;
    await page.getByLabel('New password').fill(password);
    await page.getByRole('button', { name: 'Set the new password' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'password was changed' })).toBeVisible();
    await signIn(page, { ...user, password });
  });

  test('sets a new password after a reset by an administrator', async ({ page, user }) => {
    const before = await codesTo(user.email);
    await resetPassword(user);
    await page.goto('/sign-in');
    await send(page, user);
    await page.getByLabel('Code').fill(await emailedCode(user.email, before));
    const password = `${user.password}-new`;
    await page.getByLabel('New password').fill(password);
    await page.getByRole('button', { name: 'Set the new password' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'password was changed' })).toBeVisible();
    await signIn(page, { ...user, password });
  });

  test('stays signed in after a reload and in a second tab, until a sign-out in either', async ({ home, context }) => {
    await home.reload();
    await expect(home.getByRole('heading', { level: 1, name: 'All' })).toBeVisible();
    const second = await context.newPage();
    await second.goto('/settings');
    await second.getByRole('button', { name: 'Sign out', exact: true }).click();
    await expect(second).toHaveURL(/sign-in/);
    await expect(home).toHaveURL(/sign-in/);
  });

  test('signs in a second tab that shows the sign-in page', async ({ page, context, user }) => {
    await page.goto('/inbox');
    await expect(page).toHaveURL(/sign-in\?then=/);
    await signIn(await context.newPage(), user);
    await expect(page.getByRole('heading', { level: 1, name: 'Inbox' })).toBeVisible();
  });

  test('is the one that was typed, also when another tab has signed in as another user', async ({
    page,
    context,
    user,
  }) => {
    const other = newUser();
    await register(other);
    // This tab gets no storage event of the other one.
    await page.addInitScript(() => addEventListener('storage', (event) => event.stopImmediatePropagation(), true));
    await page.goto('/settings');
    await expect(page).toHaveURL(/sign-in\?then=/);
    const elsewhere = await context.newPage();
    await signIn(elsewhere, user);
    await elsewhere.goto('/settings');

    await send(page, { ...other, password: 'Not-the-password-1' });
    await expect(page.getByRole('alert')).toContainText('password is wrong');
    await elsewhere.reload();
    await expect(elsewhere.getByText(user.email)).toBeVisible();

    await send(page, other);
    await expect(page.getByText(other.email)).toBeVisible();
    await elsewhere.goto('/settings');
    await expect(elsewhere.getByText(other.email)).toBeVisible();
  });

  test('leaves no message and no return path to the next user', async ({ home, user }) => {
    const other = newUser();
    await register(other);
    await add(home, 'Buy a ring');
    await row(home, 'Buy a ring').hover();
    await row(home, 'Buy a ring')
      .getByRole('button', { name: /Delete/ })
      .click();
    await expect(home.getByRole('status').filter({ hasText: 'Buy a ring' })).toBeVisible();
    await home.keyboard.press('g');
    await home.keyboard.press('s');
    await home.getByRole('button', { name: 'Sign out', exact: true }).click();
    await expect(home).toHaveURL(/\/sign-in$/);
    await expect(home.getByText('Buy a ring')).toBeHidden();

    await send(home, other);
    await expect(home.getByRole('heading', { level: 1, name: 'All' })).toBeVisible();
    await home.goto('/settings');
    await home.getByRole('button', { name: 'Sign out', exact: true }).click();
    await expect(home).toHaveURL(/\/sign-in$/);
    await signIn(home, user);
    await expect(home.getByText('Buy a ring')).toBeHidden();
  });

  test('returns to the requested page', async ({ page, user }) => {
    await page.goto('/inbox');
    await send(page, user);
    await expect(page.getByRole('heading', { level: 1, name: 'Inbox' })).toBeVisible();
  });
});
