import type { InfiniteData } from '@tanstack/react-query';
import type { components } from '../api/generated/notifications';

export type Notification = components['schemas']['Notification'];
export type Page = components['schemas']['NotificationPage'];
export type Pages = InfiniteData<Page, string | null>;

/** A list with the matching entries marked as read and the new unread count. */
export function withRead(
  data: Pages,
  matches: (entry: Notification) => boolean,
  readAt: string,
  unread: number,
): Pages {
  const read = (entry: Notification) => (entry.readAt === null && matches(entry) ? { ...entry, readAt } : entry);
  return { ...data, pages: data.pages.map((page) => ({ ...page, unread, items: page.items.map(read) })) };
}

/** A list with another number of unread entries. */
export function withUnread(data: Pages, unread: number): Pages {
  return { ...data, pages: data.pages.map((page) => ({ ...page, unread })) };
}
