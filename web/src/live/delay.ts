/** Half a second, doubled each time, at most 30 s; half of it is random, so that tabs do not reconnect all at once. */
export function reconnectDelay(attempts: number, random = Math.random()): number {
  const wait = Math.min(500 * 2 ** attempts, 30_000);
  return wait / 2 + (wait / 2) * random;
}
