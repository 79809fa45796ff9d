// The user's inbox in this tab.
import { infiniteQueryOptions, useInfiniteQuery, type UseInfiniteQueryResult } from '@tanstack/react-query';
import { body, notificationsApi } from '../api/clients';
import { queryClient } from '../app/query-client';
import { withRead, type Notification, type Page, type Pages } from './read';

export type { Notification };

const KEY = ['inbox'];

export const inboxQuery = infiniteQueryOptions<Page, Error, Pages, typeof KEY, string | null>({
  queryKey: KEY,
  queryFn: ({ pageParam }) => {
    const query = { limit: 30, ...(pageParam !== null && { cursor: pageParam }) };
    return body(notificationsApi.GET('/notifications', { params: { query } }));
  },
  initialPageParam: null,
  getNextPageParam: (page) => page.nextCursor,
});

/** The inbox, newest first, a page at a time. */
export const useInbox = (): UseInfiniteQueryResult<Pages> => useInfiniteQuery(inboxQuery);

/** How many entries are unread; 0 until the inbox has answered. */
export function useUnread(): number {
  return useInbox().data?.pages[0]?.unread ?? 0;
}

/** Marks an entry as read: on the screen at once, and again as unread when the service refuses. */
export async function markRead({ id }: Notification): Promise<void> {
  await optimistically(
    (entry) => entry.id === id,
    () => body(notificationsApi.POST('/notifications/{id}/read', { params: { path: { id } } })),
  );
}

/** Marks the whole inbox as read. */
export async function markAllRead(): Promise<void> {
  await optimistically(
    () => true,
    () => body(notificationsApi.POST('/notifications/read', {})),
  );
}

/** Takes in how many entries are unread, as the service has told; the entries themselves are read again. */
export function noteUnread(unread: number): void {
  queryClient.setQueryData<Pages>(
    KEY,
    (data) => data && { ...data, pages: data.pages.map((page) => ({ ...page, unread })) },
  );
  void queryClient.invalidateQueries({ queryKey: KEY });
}

async function optimistically(isMeant: (entry: Notification) => boolean, work: () => Promise<unknown>): Promise<void> {
  await queryClient.cancelQueries({ queryKey: KEY });
  const before = queryClient.getQueryData<Pages>(KEY);
  queryClient.setQueryData<Pages>(KEY, (data) => data && withRead(data, isMeant, new Date().toISOString()));
  try {
    await work();
  } catch (error) {
    queryClient.setQueryData(KEY, before);
    throw error;
  } finally {
    await queryClient.invalidateQueries({ queryKey: KEY });
  }
}
