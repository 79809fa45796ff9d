import createClient from 'openapi-fetch';
import { accessToken, endSession, session } from '../auth/session';
import { recordReachability, type Service } from '../app/reachability';
import type { paths as NotificationPaths } from './generated/notifications';
import type { paths as TodoPaths } from './generated/todos';
import type { paths as UserPaths } from './generated/users';
import { failed, isNotDeployed, isTransient, NotDeployed, SignedOut, Unreachable } from './problem';

/** The time limit of a request, in milliseconds. API Gateway's own limit is 30 s. */
const TIMEOUT_MS = 20_000;

export const todosApi = createClient<TodoPaths>({ baseUrl: '/api', fetch: authorizedFetch('todos') });
export const usersApi = createClient<UserPaths>({ baseUrl: '/api', fetch: authorizedFetch('users') });
export const notificationsApi = createClient<NotificationPaths>({
  baseUrl: '/api',
  fetch: authorizedFetch('notifications'),
});

/** The body of a successful answer; any other answer is thrown as an error. */
export async function body<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw failed(response, error);
  return data as T;
}

const currentUser = (): string | null => {
  const known = session.get();
  return known.state === 'signed-in' ? known.user.id : null;
};

/**
 * Sends a request with the user's token; renews the token once if the service refuses it. An answer that arrives after another
 * user has signed in is thrown away.
 */
function authorizedFetch(service: Service): (request: Request) => Promise<Response> {
  return async (request) => {
    const user = currentUser();
    const response = await sendWithToken(service, request);
    const now = currentUser();
    if (user !== null && now !== null && user !== now) throw new SignedOut('another user has signed in');
    return response;
  };
}

async function sendWithToken(service: Service, request: Request): Promise<Response> {
  const copy = request.clone();
  const response = await send(service, request, await accessToken());
  if (response.status !== 401) return response;
  const retried = await send(service, copy, await accessToken({ renew: true }));
  if (retried.status === 401) await endSession();
  return retried;
}

async function send(service: Service, request: Request, token: string): Promise<Response> {
  const headers = new Headers(request.headers);
  headers.set('authorization', `Bearer ${token}`);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(new Request(request, { headers, signal })).catch((cause: unknown) => {
    recordReachability(service, 'down');
    throw new Unreachable(`${service} did not answer`, { cause });
  });
  const error = failed(response, undefined);
  // A service that tells when to come again is there; the platform refuses requests of a stopped one without telling.
  const isDown = isTransient(error) && !(error.status === 429 && error.retryAfter !== undefined);
  recordReachability(service, isDown ? 'down' : 'up');
  if (await isNotDeployed(response)) throw new NotDeployed(`${service} is not deployed`);
  return response;
}
