import { mailedCode, newPerson, until, mailsTo } from './cloud.ts';
import { expect, signIn, test } from './page.ts';

test.describe('an account', () => {
  // A wrong code or password is answered with 400, which the browser reports.
  test.use({ allowed: /status of 400/ });

  test('is made with the code from the mail, and one is signed in at once', async ({ page }) => {
    const person = newPerson();
    await page.goto('/sign-up');
    await page.getByLabel('Your name').fill('Ann Ball');
    await page.getByLabel('E-mail').fill(person.email);
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await page.getByRole('button', { name: 'Create account' }).click();

    await expect(page.getByRole('heading', { name: 'Check your e-mail' })).toBeVisible();
    const code = await mailedCode(person.email);
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
    await expect(page.getByLabel('Time zone')).toHaveValue('Europe/Dublin');
  });

  test('can have another code sent', async ({ page }) => {
    const person = newPerson();
    await page.goto('/sign-up');
    await page.getByLabel('E-mail').fill(person.email);
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await page.getByRole('button', { name: 'Create account' }).click();
    await mailedCode(person.email);
    await page.getByRole('button', { name: 'Send a new code' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'on its way' })).toBeVisible();
    await until('a second mail', async () => ((await mailsTo(person.email)).length >= 2 ? true : undefined));
  });

  test('says when the password is wrong, and lets nobody in', async ({ page, person }) => {
    await page.goto('/sign-in');
    await page.getByLabel('E-mail').fill(person.email);
    await page.getByLabel('Password', { exact: true }).fill('Not-the-password-1');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toContainText('password is wrong');
    await expect(page).toHaveURL(/sign-in/);
  });

  test('gets a new password with the code from the mail', async ({ page, person }) => {
    const before = (await mailsTo(person.email)).flatMap(({ BodyText }) => /\b\d{6}\b/.exec(BodyText)?.[0] ?? []);
    await page.goto('/sign-in');
    await page.getByRole('link', { name: 'Forgot your password?' }).click();
    await page.getByLabel('E-mail').fill(person.email);
    await page.getByRole('button', { name: 'Send the code' }).click();
    await page.getByLabel('Code').fill(await mailedCode(person.email, before));
    const password = `${person.password}-new`;
    await page.getByLabel('New password').fill(password);
    await page.getByRole('button', { name: 'Set the new password' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'password is changed' })).toBeVisible();
    await signIn(page, { ...person, password });
  });

  test('stays signed in over a reload and in a second tab, until one signs out in either', async ({
    home,
    context,
  }) => {
    await home.reload();
    await expect(home.getByRole('heading', { level: 1, name: 'All' })).toBeVisible();
    const second = await context.newPage();
    await second.goto('/settings');
    await second.getByRole('button', { name: 'Sign out', exact: true }).click();
    await expect(second).toHaveURL(/sign-in/);
    await expect(home).toHaveURL(/sign-in/);
  });

  test('leads back to where one wanted to go', async ({ page, person }) => {
    await page.goto('/inbox');
    await page.getByLabel('E-mail').fill(person.email);
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Inbox' })).toBeVisible();
  });
});
