import { expect, test } from 'vitest';
import { withRead, withUnread, type Notification, type Pages } from './read';

const entry = (id: string, readAt: string | null): Notification => ({
  id,
  kind: 'welcome',
  title: 'Welcome',
  todoId: null,
  occurredAt: '2026-11-21T08:00:00Z',
  readAt,
});
const pages: Pages = {
  pages: [
    { items: [entry('1', null), entry('2', 'before')], unread: 3, nextCursor: 'c' },
    { items: [entry('3', null)], unread: 3, nextCursor: null },
  ],
  pageParams: [null, 'c'],
};
const unread = (data: Pages) => data.pages.map((page) => page.unread);

test('a read entry is marked on its page, and every page has the new count', () => {
  const after = withRead(pages, ({ id }) => id === '3', 'now', 2);
  expect(after.pages[1]?.items[0]?.readAt).toBe('now');
  expect(unread(after)).toEqual([2, 2]);
});

test('an entry that was read earlier keeps its time', () => {
  const after = withRead(pages, () => true, 'now', 0);
  expect(after.pages[0]?.items.map(({ readAt }: Notification) => readAt)).toEqual(['now', 'before']);
  expect(unread(withUnread(after, 4))).toEqual([4, 4]);
});
