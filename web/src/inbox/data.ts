// The user's inbox in this tab: all of it, and what is unread of it as a list of its own.
import { infiniteQueryOptions, useInfiniteQuery, type Query, type UseInfiniteQueryResult } from '@tanstack/react-query';
import { body, notificationsApi } from '../api/clients';
import { queryClient } from '../app/query-client';
import { hear, type Echo } from './echoes';
import { withRead, withUnread, type Notification, type Page, type Pages } from './read';

export type { Notification };

/** Which entries are listed. */
export type Shown = 'all' | 'unread';

const KEY = ['inbox'];

/** The service tells of a change within so many milliseconds, or not at all. */
const ECHO_MS = 10_000;

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
      // Entries that came meanwhile, or more than the service marks at once.
      if (unread > 0) noteUnread(unread);
    },
  );
}

let echoes: readonly Echo[] = [];

/** Takes in how many entries are unread, as the service has told; unless that is known, the entries are read again. */
export function noteUnread(unread: number): void {
  const { isEcho, left } = hear(echoes, unread, Date.now());
  echoes = left;
  if (isEcho) return;
  queryClient.setQueriesData<Pages>({ queryKey: KEY }, (data) => data && withUnread(data, unread));
  void queryClient.invalidateQueries({ queryKey: KEY });
}

function knownUnread(): number {
  return queryClient.getQueryData(inboxQuery.queryKey)?.pages[0]?.unread ?? 0;
}

async function optimistically(
  isMeant: (entry: Notification) => boolean,
  unread: number,
  work: () => Promise<unknown>,
): Promise<void> {
  const wasLoading = queryClient.isFetching({ queryKey: KEY }) > 0;
  await queryClient.cancelQueries({ queryKey: KEY });
  const before = queryClient.getQueriesData<Pages>({ queryKey: KEY });
  const readAt = new Date().toISOString();
  const markedAt = Date.now();
  for (const { queryKey, state } of queryClient.getQueryCache().findAll({ queryKey: KEY })) {
    // As old as it was: it has not been read again.
    const options = { updatedAt: state.dataUpdatedAt };
    queryClient.setQueryData<Pages>(queryKey, (data) => data && withRead(data, isMeant, readAt, unread), options);
  }
  echoes = [...echoes, { unread, until: markedAt + ECHO_MS }];
  try {
    await work();
    await readAgain(({ state }) => wasLoading || state.fetchStatus === 'fetching' || state.dataUpdatedAt > markedAt);
  } catch (error) {
    echoes = [];
    for (const [key, data] of before) queryClient.setQueryData(key, data);
    await queryClient.invalidateQueries({ queryKey: KEY });
    throw error;
  }
}

/** Reads lists again that were read while the service was at a change: they may be of before it. */
async function readAgain(isOfBefore: (query: Query) => boolean): Promise<void> {
  const keys = queryClient
    .getQueryCache()
    .findAll({ queryKey: KEY, predicate: isOfBefore })
    .map(({ queryKey }) => queryKey);
  // One without an answer yet would go on with the request that it has sent.
  await Promise.all(keys.map((queryKey) => queryClient.cancelQueries({ queryKey, exact: true })));
  await Promise.all(keys.map((queryKey) => queryClient.invalidateQueries({ queryKey, exact: true })));
}
