import { afterEach, expect, test, vi } from 'vitest';
import { errorMessage } from '../app/error-message';
import { retryDelay } from '../app/query-client';
import { unreachable } from '../app/reachability';
import { de } from '../i18n/de';
import { en } from '../i18n/en';
import { showLanguage } from '../i18n/i18n';
import { body, notificationsApi } from './clients';
import { ApiError, isTransient, NotDeployed, SignedOut } from './problem';

const user = { state: 'signed-in', user: { id: 'ann' } };

vi.mock('../auth/session', () => ({
  accessToken: () => Promise.resolve('token'),
  endSession: vi.fn(),
  session: { get: () => user },
}));

/** Answers every request, as the distribution or a service does. */
function answerWith(status: number, problem: unknown, headers: Record<string, string> = {}): void {
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json(problem, { status, headers })));
}

const readInbox = () =>
  body(notificationsApi.GET('/notifications', { params: { query: {} }, baseUrl: 'http://localhost/api' })).then(
    () => undefined,
    (error: unknown) => error,
  );

afterEach(() => vi.unstubAllGlobals());

test('a service that is not deployed is reported as missing, not retried, and not reported as unreachable', async () => {
  answerWith(404, { type: 'about:blank', title: 'Not Found', status: 404 });
  const error = await readInbox();
  expect(error).toBeInstanceOf(NotDeployed);
  expect(isTransient(error)).toBe(false);
  expect(unreachable.get().size).toBe(0);
});

test("a service's own 404 is not taken for a missing service", async () => {
  const problem = { type: 'urn:problem:busline:not-found', title: 'Not found', status: 404, detail: 'no such entry' };
  answerWith(404, problem);
  expect(await readInbox()).toBeInstanceOf(ApiError);
});

test('a service that refuses too many requests is not unreachable, and is asked again when it wants', async () => {
  answerWith(429, { type: 'urn:problem:busline:too-many-requests', detail: 'too many' }, { 'Retry-After': '40' });
  const error = await readInbox();
  expect(isTransient(error)).toBe(true);
  expect(unreachable.get().size).toBe(0);
  expect(retryDelay(0, error)).toBeGreaterThanOrEqual(40_000);
  expect(retryDelay(0, new ApiError(503, undefined))).toBeLessThan(1_000);
});

test('a service that the platform lets nobody ask is unreachable', async () => {
  answerWith(429, { message: 'Too Many Requests' });
  expect(isTransient(await readInbox())).toBe(true);
  expect([...unreachable.get()]).toEqual(['notifications']);
});

test('the user reads in both languages that a part is missing', async () => {
  vi.stubGlobal('document', { documentElement: {} });
  expect(errorMessage(new NotDeployed())).toBe(en.errorNotDeployed);
  await showLanguage('de');
  expect(errorMessage(new NotDeployed())).toBe(de.errorNotDeployed);
  await showLanguage('en');
});

test('an answer for a former user is thrown away', async () => {
  vi.stubGlobal('fetch', () => {
    user.user = { id: 'ben' };
    return Promise.resolve(Response.json({ items: [] }));
  });
  expect(await readInbox()).toBeInstanceOf(SignedOut);
});
