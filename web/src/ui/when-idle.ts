/** Runs a function when the page is idle. Its rejection is ignored here: the code that needs the result reports it. */
export function whenIdle(work: () => Promise<unknown>): () => void {
  const run = () => void work().catch(() => undefined);
  if (!('requestIdleCallback' in window)) {
    const timer = setTimeout(run, 1_000);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(run, { timeout: 5_000 });
  return () => cancelIdleCallback(handle);
}
