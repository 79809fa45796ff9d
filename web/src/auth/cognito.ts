// Operations of the user pool, as the pages of this folder need them.
import * as auth from '@aws-amplify/auth';
import { cognitoUserPoolsTokenProvider } from '@aws-amplify/auth/cognito';
import { defaultStorage, fetchAuthSession } from '@aws-amplify/core';
import { withAuthErrors, AuthError } from './auth-error';
import { withTemporarySession, readSession, signOut, storedUser } from './session';

/** The next step of a sign-in. */
export type SignInStep = 'done' | 'confirm-address' | 'choose-password' | 'reset-password';

/** Signs in with a password that never leaves the browser (SRP). */
export async function signIn(email: string, password: string): Promise<SignInStep> {
  const attempt = auth.signIn({ username: email, password }).catch((error: unknown) => {
    if (!isSignedInAlready(error)) throw error;
    return replaceSession(email, password);
  });
  const { nextStep } = await withAuthErrors('sign-in', attempt);
  return toSignInStep(nextStep.signInStep);
}

type SignInOutput = Awaited<ReturnType<typeof auth.signIn>>;

/**
 * Signs in although another tab has signed in. A session of the same user is stored; a session of another user ends only
 * after the password was accepted.
 */
async function replaceSession(email: string, password: string): Promise<SignInOutput> {
  const user = await storedUser();
  if (user?.email.toLowerCase() === email.toLowerCase()) return { isSignedIn: true, nextStep: { signInStep: 'DONE' } };
  await withMemorySession(() => auth.signIn({ username: email, password }));
  await signOut();
  return auth.signIn({ username: email, password });
}

function isSignedInAlready(error: unknown): boolean {
  return error instanceof Error && error.name === 'UserAlreadyAuthenticatedException';
}

/** Sets the first password of an account that an administrator created. */
export async function choosePassword(password: string): Promise<SignInStep> {
  const { nextStep } = await withAuthErrors('set-password', auth.confirmSignIn({ challengeResponse: password }));
  return toSignInStep(nextStep.signInStep);
}

/**
 * Email address and password of the sign-up, so that confirming the address signs in at once. Held in memory only: a
 * password is in no storage and no address.
 */
let pendingSignUp: { email: string; password: string } | null = null;

/** Creates an account; the user pool sends a code to the address. */
export async function signUp(email: string, password: string, name: string, locale: string): Promise<void> {
  const userAttributes = {
    email,
    locale,
    zoneinfo: Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...(name !== '' && { name }),
  };
  await withAuthErrors('sign-up', auth.signUp({ username: email, password, options: { userAttributes } }));
  pendingSignUp = { email, password };
}

/** Confirms the address, and signs in if the password is still in memory. */
export async function confirmAddress(email: string, code: string): Promise<'signed-in' | 'confirmed'> {
  await withAuthErrors('confirm', auth.confirmSignUp({ username: email, confirmationCode: code }));
  if (pendingSignUp?.email !== email) return 'confirmed';
  const { password } = pendingSignUp;
  pendingSignUp = null;
  return (await signIn(email, password)) === 'done' ? 'signed-in' : 'confirmed';
}

/** Asks the user pool to send a new code. */
export async function resendCode(email: string): Promise<void> {
  await withAuthErrors('send-code', auth.resendSignUpCode({ username: email }));
}

/** Asks the user pool to send a code for a new password. */
export async function requestPasswordReset(email: string): Promise<void> {
  await withAuthErrors('send-code', auth.resetPassword({ username: email }));
}

/** Sets a new password with the code from the email. */
export async function setPassword(email: string, code: string, newPassword: string): Promise<void> {
  await withAuthErrors(
    'set-password',
    auth.confirmResetPassword({ username: email, confirmationCode: code, newPassword }),
  );
}

/**
 * Signs in once more without changing the session, and returns the new access token, which proves for a few minutes that
 * the user knows the password.
 */
export function reauthenticate(email: string, password: string): Promise<string> {
  return withMemorySession(async () => {
    const { nextStep } = await withAuthErrors('reauthenticate', auth.signIn({ username: email, password }));
    if (nextStep.signInStep === 'RESET_PASSWORD') throw new AuthError('errorPasswordReset', nextStep);
    const { tokens } = await fetchAuthSession();
    if (!tokens) throw new Error('the user pool gave no tokens for a right password');
    return tokens.accessToken.toString();
  });
}

/** Runs work with a temporary session that is kept in memory only. */
function withMemorySession<T>(work: () => Promise<T>): Promise<T> {
  return withTemporarySession(async () => {
    cognitoUserPoolsTokenProvider.setKeyValueStorage(memoryStorage());
    try {
      return await work();
    } finally {
      cognitoUserPoolsTokenProvider.setKeyValueStorage(defaultStorage);
    }
  });
}

function memoryStorage(): Parameters<typeof cognitoUserPoolsTokenProvider.setKeyValueStorage>[0] {
  const stored = new Map<string, string>();
  return {
    setItem: (key, value) => Promise.resolve(void stored.set(key, value)),
    getItem: (key) => Promise.resolve(stored.get(key) ?? null),
    removeItem: (key) => Promise.resolve(void stored.delete(key)),
    clear: () => {
      stored.clear();
      return Promise.resolve();
    },
  };
}

async function toSignInStep(step: string): Promise<SignInStep> {
  switch (step) {
    case 'DONE':
      await readSession();
      return 'done';
    case 'CONFIRM_SIGN_UP':
      return 'confirm-address';
    case 'CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED':
      return 'choose-password';
    // An administrator has reset the password; the pool has sent a code for a new one.
    case 'RESET_PASSWORD':
      return 'reset-password';
    default:
      throw new Error(`the user pool requires the sign-in step ${step}, which this page does not support`);
  }
}
