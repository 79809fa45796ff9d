// The service sends the new unread count to every tab, also to the one that has just marked entries as read. That tab
// expects the count and must not reload all its pages for it.

/** A count that the service will send because of entries that were marked in this tab. */
export interface ExpectedCount {
  unread: number;
  /** When it is no longer expected, in milliseconds since 1970-01-01. */
  until: number;
}

/** Compares a received count with the expected ones, which arrive in order, and returns those still expected. */
export function matchExpectedCount(
  expectedCounts: readonly ExpectedCount[],
  unread: number,
  now: number,
): { isExpected: boolean; remaining: ExpectedCount[] } {
  const expected = expectedCounts.filter(({ until }) => until > now);
  const at = expected.findIndex((count) => count.unread === unread);
  return { isExpected: at >= 0, remaining: at < 0 ? [] : expected.slice(at + 1) };
}
