/** Half a second, then twice as long each time, at most 30 s; half of it at random, so that tabs do not come as a herd. */
export function reconnectDelay(attempts: number, random = Math.random()): number {
  const wait = Math.min(500 * 2 ** attempts, 30_000);
  return wait / 2 + (wait / 2) * random;
}
