// What the pages of this folder ask the user pool for, in the page's own words.
import * as auth from '@aws-amplify/auth';
import { cognitoUserPoolsTokenProvider } from '@aws-amplify/auth/cognito';
import { defaultStorage, fetchAuthSession } from '@aws-amplify/core';
import { besideSession, readSession } from './session';

/** What is left to do before somebody is signed in. */
export type SignInStep = 'done' | 'confirm-address' | 'choose-password';

/** Signs in with a password that never leaves the browser (SRP). */
export async function signIn(email: string, password: string): Promise<SignInStep> {
  const { nextStep } = await auth.signIn({ username: email, password }).catch(signedInAlready);
  return afterSignIn(nextStep.signInStep);
}

/** Answers the demand for a password of one's own, after an administrator has made the account. */
export async function choosePassword(password: string): Promise<SignInStep> {
  const { nextStep } = await auth.confirmSignIn({ challengeResponse: password });
  return afterSignIn(nextStep.signInStep);
}

/**
 * What the user typed at sign-up, so that confirming the address signs in at once. In memory alone: a password is in no
 * storage and no address.
 */
let justSignedUp: { email: string; password: string } | null = null;

/** Makes an account; the user pool mails a code to the address. */
export async function signUp(email: string, password: string, name: string, locale: string): Promise<void> {
  await auth.signUp({
    username: email,
    password,
    options: {
      userAttributes: {
        email,
        locale,
        zoneinfo: Intl.DateTimeFormat().resolvedOptions().timeZone,
        ...(name !== '' && { name }),
      },
    },
  });
  justSignedUp = { email, password };
}

/** Confirms the address, and signs in when the password is still known. */
export async function confirmAddress(email: string, code: string): Promise<'signed-in' | 'confirmed'> {
  await auth.confirmSignUp({ username: email, confirmationCode: code });
  if (justSignedUp?.email !== email) return 'confirmed';
  const { password } = justSignedUp;
  justSignedUp = null;
  return (await signIn(email, password)) === 'done' ? 'signed-in' : 'confirmed';
}

/** Has the user pool mail a new code. */
export async function resendCode(email: string): Promise<void> {
  await auth.resendSignUpCode({ username: email });
}

/** Has the user pool mail a code for a new password. */
export async function forgetPassword(email: string): Promise<void> {
  await auth.resetPassword({ username: email });
}

/** Sets a new password with the code from the mail. */
export async function setPassword(email: string, code: string, newPassword: string): Promise<void> {
  await auth.confirmResetPassword({ username: email, confirmationCode: code, newPassword });
}

/**
 * Signs in once more beside the session, and returns the fresh access token: proof, for a few minutes, that the person
 * at the keyboard knows the password. The session itself stays as it is, whether the password was right or not.
 */
export function proveItIsYou(email: string, password: string): Promise<string> {
  return besideSession(async () => {
    cognitoUserPoolsTokenProvider.setKeyValueStorage(memoryStorage());
    try {
      await auth.signIn({ username: email, password });
      const { tokens } = await fetchAuthSession();
      if (!tokens) throw new Error('the user pool gave no tokens for a right password');
      return tokens.accessToken.toString();
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
    default:
      throw new Error(`the user pool asks for ${step}, which this page cannot do`);
  }
}

/** Another tab has signed in meanwhile: that is what was wanted. */
function signedInAlready(error: unknown): Awaited<ReturnType<typeof auth.signIn>> {
  if (error instanceof Error && error.name === 'UserAlreadyAuthenticatedException') {
    return { isSignedIn: true, nextStep: { signInStep: 'DONE' } };
  }
  throw error;
}
