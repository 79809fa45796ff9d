// Who is signed in. Amplify speaks with the user pool (SRP: the password never leaves the browser), keeps the tokens in
// localStorage and renews them with GetTokensFromRefreshToken, as the pool rotates refresh tokens. localStorage rather
// than memory alone, so that a reload and a second tab need no second sign-in; what guards it is the content policy,
// which lets no foreign script run, and the rotation, which makes a copied refresh token useless after its next use.
import { Amplify } from '@aws-amplify/core';
import * as auth from '@aws-amplify/auth';
import { cognitoUserPoolsTokenProvider } from '@aws-amplify/auth/cognito';
import { fetchAuthSession } from '@aws-amplify/core';
import type { Config } from '../config';
import { SignedOut, Unreachable } from '../api/problem';
import { Store } from '../store';

export interface User {
  /** The user pool's `sub`. */
  id: string;
  email: string;
  isAdmin: boolean;
}

/** Why the session ended. */
export type SignOutReason = 'by-choice' | 'expired' | 'deleted';

export type Session =
  | { state: 'loading' }
  /** `ended` is `null` if no session existed since the page was loaded. */
  | { state: 'signed-out'; ended: SignOutReason | null }
  | { state: 'signed-in'; user: User };

export const session = new Store<Session>({ state: 'loading' });

/** Points Amplify at the user pool and finds out who is signed in. */
export async function startSession(config: Config): Promise<void> {
  const pool = {
    userPoolId: config.userPoolId,
    userPoolClientId: config.userPoolClientId,
    ...(config.cognitoEndpoint && { userPoolEndpoint: config.cognitoEndpoint }),
  };
  Amplify.configure({ Auth: { Cognito: pool } }, { Auth: { tokenProvider: cognitoUserPoolsTokenProvider } });
  cognitoUserPoolsTokenProvider.setAuthConfig({ Cognito: pool });
  await readSession();
  watchOtherTabs();
}

/** Another tab's session counts as complete after this time without a further storage event, in milliseconds. */
const SETTLE_MS = 100;

/** Reads the session again after another tab has signed in or out, which changes several storage keys in sequence. */
function watchOtherTabs(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  window.addEventListener('storage', ({ key }) => {
    if (key !== null && !key.startsWith('CognitoIdentityServiceProvider')) return;
    clearTimeout(timer);
    timer = setTimeout(() => void readSession().catch(reportError), SETTLE_MS);
  });
}

/** Reads the stored session again, after signing in for example. */
export async function readSession(): Promise<void> {
  try {
    const user = await storedUser();
    if (!user) {
      setSignedOut('by-choice');
      return;
    }
    session.update((known) =>
      known.state === 'signed-in' && known.user.id === user.id ? known : { state: 'signed-in', user },
    );
  } catch (error) {
    if (isNetworkFailure(error)) throw new Unreachable('the user pool did not answer', { cause: error });
    setSignedOut('expired');
  }
}

/** The user of the session stored on this device; another tab may have stored it a moment ago. */
export async function storedUser(): Promise<User | null> {
  await sessionLock;
  const { tokens } = await fetchAuthSession().catch(expiredTokens);
  const claims = tokens?.idToken?.payload;
  if (!claims?.sub) return null;
  const groups = claims['cognito:groups'];
  return {
    id: claims.sub,
    email: typeof claims['email'] === 'string' ? claims['email'] : '',
    isAdmin: Array.isArray(groups) && groups.includes('admin'),
  };
}

/** While the pool cannot renew tokens, expired ones still tell which user's changes wait; a refused session has none. */
async function expiredTokens(error: unknown) {
  const tokens = await cognitoUserPoolsTokenProvider.tokenOrchestrator.getTokenStore().loadTokens();
  if (!tokens) throw error;
  return { tokens };
}

/** Requests for tokens wait for this promise. */
let sessionLock: Promise<unknown> = Promise.resolve();

/** Runs work that uses Amplify for another session; requests for tokens wait until it has ended. */
export function withTemporarySession<T>(work: () => Promise<T>): Promise<T> {
  const done = sessionLock.then(work);
  sessionLock = done.catch(() => undefined);
  return done;
}

/** A valid access token, renewed when it is about to expire or if `renew` is set. Throws `SignedOut` without a session. */
export async function accessToken({ renew }: { renew: boolean } = { renew: false }): Promise<string> {
  await sessionLock;
  const { tokens } = await fetchAuthSession({ forceRefresh: renew }).catch(noTokens);
  if (!tokens) {
    setSignedOut('expired');
    throw new SignedOut('no user is signed in');
  }
  return tokens.accessToken.toString();
}

/** Handles a failed renewal: when the pool has refused the session, Amplify has deleted its tokens. */
async function noTokens(error: unknown): Promise<{ tokens?: undefined }> {
  if (isNetworkFailure(error)) throw new Unreachable('the user pool did not answer', { cause: error });
  if (await cognitoUserPoolsTokenProvider.tokenOrchestrator.getTokenStore().loadTokens()) throw error;
  return {};
}

/** Ends the session on this device. */
export async function signOut(): Promise<void> {
  await auth.signOut();
  // Amplify does not wait until the tokens are deleted.
  await cognitoUserPoolsTokenProvider.tokenOrchestrator.clearTokens();
  setSignedOut('by-choice');
}

/** Deletes the session's tokens, which the services refuse from now on. */
export async function endSession(ending: SignOutReason = 'expired'): Promise<void> {
  await cognitoUserPoolsTokenProvider.tokenOrchestrator.clearTokens();
  setSignedOut(ending);
}

function setSignedOut(ended: SignOutReason): void {
  session.update((known) => {
    if (known.state === 'signed-out') return known;
    return { state: 'signed-out', ended: known.state === 'signed-in' ? ended : null };
  });
}

function isNetworkFailure(error: unknown): boolean {
  return error instanceof Error && (error.name === 'NetworkError' || error.name === 'TypeError');
}
