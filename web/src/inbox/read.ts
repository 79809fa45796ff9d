import type { InfiniteData } from '@tanstack/react-query';
import type { components } from '../api/generated/notifications';

export type Notification = components['schemas']['Notification'];
export type Page = components['schemas']['NotificationPage'];
export type Pages = InfiniteData<Page, string | null>;

/** A list with the entries that are meant read, and as many unread as there are now. */
export function withRead(
  data: Pages,
  isMeant: (entry: Notification) => boolean,
  readAt: string,
  unread: number,
): Pages {
  const read = (entry: Notification) => (entry.readAt === null && isMeant(entry) ? { ...entry, readAt } : entry);
  return { ...data, pages: data.pages.map((page) => ({ ...page, unread, items: page.items.map(read) })) };
}

/** A list with another number of unread entries. */
export function withUnread(data: Pages, unread: number): Pages {
  return { ...data, pages: data.pages.map((page) => ({ ...page, unread })) };
}
