// What the pages of this folder ask the user pool for, in the page's own words.
import * as auth from '@aws-amplify/auth';
import { cognitoUserPoolsTokenProvider } from '@aws-amplify/auth/cognito';
import { defaultStorage, fetchAuthSession } from '@aws-amplify/core';
import { asked, Refused } from './refusal';
import { besideSession, readSession, signOut, storedPerson } from './session';

/** What is left to do before somebody is signed in. */
export type SignInStep = 'done' | 'confirm-address' | 'choose-password' | 'reset-password';

/** Signs in with a password that never leaves the browser (SRP). */
export async function signIn(email: string, password: string): Promise<SignInStep> {
  const attempt = auth.signIn({ username: email, password }).catch((error: unknown) => {
    if (!isSignedInAlready(error)) throw error;
    return signInInstead(email, password);
  });
  const { nextStep } = await asked('sign-in', attempt);
  return afterSignIn(nextStep.signInStep);
}

type SignInOutput = Awaited<ReturnType<typeof auth.signIn>>;

/**
 * Signs in although another tab has signed in meanwhile. A session of the same person is what was wanted; one of
 * somebody else ends only for the right password.
 */
async function signInInstead(email: string, password: string): Promise<SignInOutput> {
  const person = await storedPerson();
  if (person?.email.toLowerCase() === email.toLowerCase())
    return { isSignedIn: true, nextStep: { signInStep: 'DONE' } };
  await inMemory(() => auth.signIn({ username: email, password }));
  await signOut();
  return auth.signIn({ username: email, password });
}

function isSignedInAlready(error: unknown): boolean {
  return error instanceof Error && error.name === 'UserAlreadyAuthenticatedException';
}

/** Answers the demand for a password of one's own, after an administrator has made the account. */
export async function choosePassword(password: string): Promise<SignInStep> {
  const { nextStep } = await asked('set-password', auth.confirmSignIn({ challengeResponse: password }));
  return afterSignIn(nextStep.signInStep);
}

/**
 * What the user typed at sign-up, so that confirming the address signs in at once. In memory alone: a password is in no
 * storage and no address.
 */
let justSignedUp: { email: string; password: string } | null = null;

/** Makes an account; the user pool mails a code to the address. */
export async function signUp(email: string, password: string, name: string, locale: string): Promise<void> {
  const userAttributes = {
    email,
    locale,
    zoneinfo: Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...(name !== '' && { name }),
  };
  await asked('sign-up', auth.signUp({ username: email, password, options: { userAttributes } }));
  justSignedUp = { email, password };
}

/** Confirms the address, and signs in when the password is still known. */
export async function confirmAddress(email: string, code: string): Promise<'signed-in' | 'confirmed'> {
  await asked('confirm', auth.confirmSignUp({ username: email, confirmationCode: code }));
  if (justSignedUp?.email !== email) return 'confirmed';
  const { password } = justSignedUp;
  justSignedUp = null;
  return (await signIn(email, password)) === 'done' ? 'signed-in' : 'confirmed';
}

/** Has the user pool mail a new code. */
export async function resendCode(email: string): Promise<void> {
  await asked('send-code', auth.resendSignUpCode({ username: email }));
}

/** Has the user pool mail a code for a new password. */
export async function forgetPassword(email: string): Promise<void> {
  await asked('send-code', auth.resetPassword({ username: email }));
}

/** Sets a new password with the code from the mail. */
export async function setPassword(email: string, code: string, newPassword: string): Promise<void> {
  await asked('set-password', auth.confirmResetPassword({ username: email, confirmationCode: code, newPassword }));
}

/**
 * Signs in once more beside the session, and returns the fresh access token: proof, for a few minutes, that the person
 * at the keyboard knows the password. The session itself stays as it is, whether the password was right or not.
 */
export function proveItIsYou(email: string, password: string): Promise<string> {
  return inMemory(async () => {
    const { nextStep } = await asked('sign-in', auth.signIn({ username: email, password }));
    if (nextStep.signInStep === 'RESET_PASSWORD') throw new Refused('errorPasswordReset', nextStep);
    const { tokens } = await fetchAuthSession();
    if (!tokens) throw new Error('the user pool gave no tokens for a right password');
    return tokens.accessToken.toString();
  });
}

/** Runs something with a session of its own that is stored nowhere. */
function inMemory<T>(work: () => Promise<T>): Promise<T> {
  return besideSession(async () => {
    cognitoUserPoolsTokenProvider.setKeyValueStorage(memoryStorage());
    try {
      return await work();
    } finally {
      cognitoUserPoolsTokenProvider.setKeyValueStorage(defaultStorage);
    }
  });
}

function memoryStorage(): Parameters<typeof cognitoUserPoolsTokenProvider.setKeyValueStorage>[0] {
  const kept = new Map<string, string>();
  return {
    setItem: (key, value) => Promise.resolve(void kept.set(key, value)),
    getItem: (key) => Promise.resolve(kept.get(key) ?? null),
    removeItem: (key) => Promise.resolve(void kept.delete(key)),
    clear: () => {
      kept.clear();
      return Promise.resolve();
    },
  };
}

async function afterSignIn(step: string): Promise<SignInStep> {
  switch (step) {
    case 'DONE':
      await readSession();
      return 'done';
    case 'CONFIRM_SIGN_UP':
      return 'confirm-address';
    case 'CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED':
      return 'choose-password';
    // An administrator has reset the password; the pool has mailed a code for a new one.
    case 'RESET_PASSWORD':
      return 'reset-password';
    default:
      throw new Error(`the user pool asks for ${step}, which this page cannot do`);
  }
}
