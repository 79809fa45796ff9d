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

export interface Person {
  /** The user pool's `sub`. */
  id: string;
  email: string;
  isAdmin: boolean;
}

/** Why somebody is no longer signed in. */
export type Ending = 'by-choice' | 'expired' | 'deleted';

export type Session =
  | { state: 'loading' }
  /** `ended` is `null` as long as nobody was signed in on this page. */
  | { state: 'signed-out'; ended: Ending | null }
  | { state: 'signed-in'; person: Person };

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
  followOtherTabs();
}

/** How long nothing is stored any more before a session that another tab stores counts as whole, in milliseconds. */
const STORED_MS = 100;

/** Reads the session when another tab has signed in or out: it is stored in many keys, one after the other. */
function followOtherTabs(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  window.addEventListener('storage', ({ key }) => {
    if (key !== null && !key.startsWith('CognitoIdentityServiceProvider')) return;
    clearTimeout(timer);
    timer = setTimeout(() => void readSession().catch(reportError), STORED_MS);
  });
}

/** Reads the stored session again, after signing in for example. */
export async function readSession(): Promise<void> {
  try {
    const person = await storedPerson();
    if (!person) {
      becomeSignedOut('by-choice');
      return;
    }
    session.update((known) =>
      known.state === 'signed-in' && known.person.id === person.id ? known : { state: 'signed-in', person },
    );
  } catch (error) {
    if (isNetworkFailure(error)) throw new Unreachable('the user pool did not answer', { cause: error });
    becomeSignedOut('expired');
  }
}

/** Whose session is stored on this device, if anybody's; another tab may have stored it a moment ago. */
export async function storedPerson(): Promise<Person | null> {
  await hold;
  const { tokens } = await fetchAuthSession();
  const claims = tokens?.idToken?.payload;
  if (!claims?.sub) return null;
  const groups = claims['cognito:groups'];
  return {
    id: claims.sub,
    email: typeof claims['email'] === 'string' ? claims['email'] : '',
    isAdmin: Array.isArray(groups) && groups.includes('admin'),
  };
}

/** What holds the session's tokens back at the moment. */
let hold: Promise<unknown> = Promise.resolve();

/** Runs something that borrows Amplify for another session; whoever asks for a token meanwhile waits for its end. */
export function besideSession<T>(work: () => Promise<T>): Promise<T> {
  const done = hold.then(work);
  hold = done.catch(() => undefined);
  return done;
}

let latest = '';

/** A valid access token, renewed when it is about to end or when `renew` asks. Throws `SignedOut` without a session. */
export async function accessToken({ renew }: { renew: boolean } = { renew: false }): Promise<string> {
  await hold;
  const { tokens } = await fetchAuthSession({ forceRefresh: renew }).catch(withoutSession);
  if (!tokens) {
    becomeSignedOut('expired');
    throw new SignedOut('nobody is signed in');
  }
  latest = tokens.accessToken.toString();
  return latest;
}

/** What is left when no token could be had: no session when the pool refused it for good, which Amplify then forgets. */
async function withoutSession(error: unknown): Promise<{ tokens?: undefined }> {
  if (isNetworkFailure(error)) throw new Unreachable('the user pool did not answer', { cause: error });
  if (await cognitoUserPoolsTokenProvider.tokenOrchestrator.getTokenStore().loadTokens()) throw error;
  return {};
}

/** The last token that was handed out, for requests that a closing page sends and cannot wait for. */
export const latestAccessToken = (): string => latest;

/** Ends the session on this device. */
export async function signOut(): Promise<void> {
  await auth.signOut();
  // Amplify does not wait until nothing is stored any more.
  await cognitoUserPoolsTokenProvider.tokenOrchestrator.clearTokens();
  becomeSignedOut('by-choice');
}

/** Ends all sessions of the user, on every device, once their access tokens end. */
export async function signOutEverywhere(): Promise<void> {
  await auth.signOut({ global: true });
  becomeSignedOut('by-choice');
}

/** The services no longer take the session's tokens. */
export async function sessionEnded(ending: 'expired' | 'deleted' = 'expired'): Promise<void> {
  await cognitoUserPoolsTokenProvider.tokenOrchestrator.clearTokens();
  becomeSignedOut(ending);
}

function becomeSignedOut(ended: Ending): void {
  latest = '';
  session.update((known) => {
    if (known.state === 'signed-out') return known;
    return { state: 'signed-out', ended: known.state === 'signed-in' ? ended : null };
  });
}

function isNetworkFailure(error: unknown): boolean {
  return error instanceof Error && (error.name === 'NetworkError' || error.name === 'TypeError');
}
