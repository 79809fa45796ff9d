import type { InfiniteData } from '@tanstack/react-query';
import type { components } from '../api/generated/notifications';

export type Notification = components['schemas']['Notification'];
export type Page = components['schemas']['NotificationPage'];
export type Pages = InfiniteData<Page, string | null>;

/** The inbox with the entries that are meant read, and as many fewer unread. */
export function withRead(data: Pages, isMeant: (entry: Notification) => boolean, readAt: string): Pages {
  let read = 0;
  const pages = data.pages.map((page) => ({
    ...page,
    items: page.items.map((entry) => {
      if (entry.readAt !== null || !isMeant(entry)) return entry;
      read += 1;
      return { ...entry, readAt };
    }),
  }));
  return { ...data, pages: pages.map((page) => ({ ...page, unread: Math.max(0, page.unread - read) })) };
}
