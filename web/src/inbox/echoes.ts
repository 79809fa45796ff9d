// The service tells every tab how many entries are unread, also the one that has just marked them. What such a tab hears
// of its own marking is no news, and reading all loaded pages again for it would be in vain.

/** A count that the service is going to tell of because of what was marked here. */
export interface Echo {
  unread: number;
  /** When it is no longer expected, in milliseconds since 1970. */
  until: number;
}

/** Which echoes are still to come after a count was heard, and whether it was one. Counts come in their order. */
export function hear(echoes: readonly Echo[], unread: number, now: number): { isEcho: boolean; left: Echo[] } {
  const expected = echoes.filter(({ until }) => until > now);
  const at = expected.findIndex((echo) => echo.unread === unread);
  return { isEcho: at >= 0, left: at < 0 ? [] : expected.slice(at + 1) };
}
