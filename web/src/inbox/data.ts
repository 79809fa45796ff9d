// The user's inbox in this tab: a list of all entries, and a separate list of unread ones.
import { infiniteQueryOptions, useInfiniteQuery, type Query, type UseInfiniteQueryResult } from '@tanstack/react-query';
import { body, notificationsApi } from '../api/clients';
import { queryClient } from '../app/query-client';
import { matchExpectedCount, type ExpectedCount } from './expected-counts';
import { withRead, withUnread, type Notification, type Page, type Pages } from './read';

export type { Notification };

/** Which entries are listed. */
export type Shown = 'all' | 'unread';

const KEY = ['inbox'];

/** For how long a count is expected, in milliseconds: the service may send it again after a failure. */
const EXPECTED_MS = 60_000;

const listQuery = (shown: Shown) =>
  infiniteQueryOptions<Page, Error, Pages, string[], string | null>({
    queryKey: [...KEY, shown],
    queryFn: ({ pageParam }) => {
      const unread = shown === 'unread' && { unread: true };
      const query = { limit: 20, ...unread, ...(pageParam !== null && { cursor: pageParam }) };
      return body(notificationsApi.GET('/notifications', { params: { query } }));
    },
    initialPageParam: null,
    getNextPageParam: (page) => page.nextCursor,
  });

export const inboxQuery = listQuery('all');

/** The inbox, newest first, a page at a time. */
export const useInbox = (shown: Shown): UseInfiniteQueryResult<Pages> => useInfiniteQuery(listQuery(shown));

/** How many entries are unread; 0 until the inbox has answered. */
export function useUnread(): number {
  return useInbox('all').data?.pages[0]?.unread ?? 0;
}

/** Marks an unread entry as read: on the screen at once, and again as unread when the service refuses. */
export async function markRead({ id }: Notification): Promise<void> {
  await optimistically(
    (entry) => entry.id === id,
    Math.max(0, knownUnread() - 1),
    () => body(notificationsApi.POST('/notifications/{id}/read', { params: { path: { id } } })),
  );
}

/** Marks the whole inbox as read. */
export async function markAllRead(): Promise<void> {
  await optimistically(
    () => true,
    0,
    async () => {
      const { unread } = await body(notificationsApi.POST('/notifications/read', {}));
      // New entries, or more entries than the service marks in one request.
      if (unread > 0) recordUnread(unread, true);
    },
  );
}

let expectedCounts: readonly ExpectedCount[] = [];

/**
 * Records the unread count sent by the service. Reloads the entries if some were added, and after a count that this tab
 * neither shows nor expects.
 */
export function recordUnread(unread: number, added: boolean): void {
  const { isExpected, remaining } = matchExpectedCount(expectedCounts, unread, Date.now());
  expectedCounts = remaining;
  if (!added && (isExpected || unread === knownUnread())) return;
  queryClient.setQueriesData<Pages>({ queryKey: KEY }, (data) => data && withUnread(data, unread));
  void queryClient.invalidateQueries({ queryKey: KEY });
}

function knownUnread(): number {
  return queryClient.getQueryData(inboxQuery.queryKey)?.pages[0]?.unread ?? 0;
}

async function optimistically(
  matches: (entry: Notification) => boolean,
  unread: number,
  work: () => Promise<unknown>,
): Promise<void> {
  const wasLoading = queryClient.isFetching({ queryKey: KEY }) > 0;
  await queryClient.cancelQueries({ queryKey: KEY });
  const before = queryClient.getQueriesData<Pages>({ queryKey: KEY });
  const readAt = new Date().toISOString();
  const markedAt = Date.now();
  for (const { queryKey, state } of queryClient.getQueryCache().findAll({ queryKey: KEY })) {
    // Keeps its age: it has not been loaded again.
    const options = { updatedAt: state.dataUpdatedAt };
    queryClient.setQueryData<Pages>(queryKey, (data) => data && withRead(data, matches, readAt, unread), options);
  }
  expectedCounts = [...expectedCounts, { unread, until: markedAt + EXPECTED_MS }];
  try {
    await work();
    await reloadLists(({ state }) => wasLoading || state.fetchStatus === 'fetching' || state.dataUpdatedAt > markedAt);
  } catch (error) {
    expectedCounts = [];
    for (const [key, data] of before) queryClient.setQueryData(key, data);
    await queryClient.invalidateQueries({ queryKey: KEY });
    throw error;
  }
}

/** Reloads lists that were loaded while the service made a change: they may show the state before it. */
async function reloadLists(mayBeOutdated: (query: Query) => boolean): Promise<void> {
  const keys = queryClient
    .getQueryCache()
    .findAll({ queryKey: KEY, predicate: mayBeOutdated })
    .map(({ queryKey }) => queryKey);
  // A query without an answer yet would continue with the request that it has sent.
  await Promise.all(keys.map((queryKey) => queryClient.cancelQueries({ queryKey, exact: true })));
  await Promise.all(keys.map((queryKey) => queryClient.invalidateQueries({ queryKey, exact: true })));
}
