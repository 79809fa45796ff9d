import createClient from 'openapi-fetch';
import { accessToken, sessionEnded } from '../auth/session';
import { noteReachability, type Service } from '../app/reachability';
import type { paths as NotificationPaths } from './generated/notifications';
import type { paths as TodoPaths } from './generated/todos';
import type { paths as UserPaths } from './generated/users';
import { ApiError, isTransient, Unreachable } from './problem';

/** How long a request may take before it counts as lost, in milliseconds. API Gateway itself gives up after 30 s. */
const PATIENCE_MS = 20_000;

export const todosApi = createClient<TodoPaths>({ baseUrl: '/api', fetch: caller('todos') });
export const usersApi = createClient<UserPaths>({ baseUrl: '/api', fetch: caller('users') });
export const notificationsApi = createClient<NotificationPaths>({ baseUrl: '/api', fetch: caller('notifications') });

/** The body of a good answer; every other answer is thrown. */
export async function body<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw new ApiError(response.status, error);
  return data as T;
}

/** Sends a request as the signed-in user; a session whose token has just ended goes on with a new one. */
function caller(service: Service): (request: Request) => Promise<Response> {
  return async (request) => {
    const again = request.clone();
    const response = await send(service, request, await accessToken());
    if (response.status !== 401) return response;
    const retried = await send(service, again, await accessToken({ renew: true }));
    if (retried.status === 401) await sessionEnded();
    return retried;
  };
}

async function send(service: Service, request: Request, token: string): Promise<Response> {
  const headers = new Headers(request.headers);
  headers.set('authorization', `Bearer ${token}`);
  try {
    const response = await fetch(new Request(request, { headers, signal: AbortSignal.timeout(PATIENCE_MS) }));
    noteReachability(service, isTransient(new ApiError(response.status, undefined)) ? 'down' : 'up');
    return response;
  } catch (cause) {
    noteReachability(service, 'down');
    throw new Unreachable(`${service} did not answer`, { cause });
  }
}
