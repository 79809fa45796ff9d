// Loads what finds dates in a line. Until it is there, or when it cannot be loaded, a line has no date.
import { Store } from '../store';
import type { findDate } from './dates';

export const finder = new Store<typeof findDate | null>(null);

/** The longest time that a line waits for it, in milliseconds. */
const MAX_WAIT = 3_000;

let loading: Promise<void> | undefined;

/** Loads it once; after a failure, again at the next call. */
export function loadFinder(): Promise<void> {
  loading ??= import('./dates').then(
    ({ findDate }) => finder.update(() => findDate),
    () => {
      loading = undefined;
    },
  );
  return loading;
}

/** Waits until it is there, but not longer than a user would. */
export async function waitForFinder(): Promise<void> {
  await Promise.race([loadFinder(), new Promise((resolve) => setTimeout(resolve, MAX_WAIT))]);
}
