// What is kept on this device of changes that are not settled, so that they outlive a reload and a closed tab. Each tab
// keeps a part of its own under a lock that it holds while it lives; whoever gets the lock takes over the part. A change
// that is sent twice by this does no harm.
import { report } from '../app/failure';
import { pending } from './data';
import type { Pending } from './pending';

const prefixOf = (person: string) => `busline.waiting.${person}.`;

/**
 * Keeps this tab's changes as those of a person, and takes over what tabs that are gone have left of theirs, now or
 * later. The returned function stops that; what is kept stays.
 */
export function keepWaiting(person: string, takeOver: (changes: Pending[]) => void): () => void {
  const prefix = prefixOf(person);
  const own = prefix + crypto.randomUUID();
  const stopping = new AbortController();
  const { signal } = stopping;
  const watched = new Set([own]);
  const watch = (part: string) => {
    if (!part.startsWith(prefix) || watched.has(part)) return;
    watched.add(part);
    whenFree(part, signal, () => {
      // First here, then no longer there: between the two, a change is kept twice rather than not at all.
      takeOver(read(part));
      localStorage.removeItem(part);
    });
  };
  whenFree(own, signal, () => new Promise<void>((free) => signal.addEventListener('abort', () => free())));
  const unsubscribe = pending.subscribe(() => write(own, pending.get()));
  Object.keys(localStorage).forEach(watch);
  window.addEventListener('storage', ({ key, newValue }) => key && newValue && watch(key), { signal });
  return () => {
    unsubscribe();
    stopping.abort();
  };
}

/** How many changes of a person wait on this device, in all tabs. */
export function countWaiting(person: string): number {
  return partsOf(person).reduce((count, part) => count + read(part).length, 0);
}

/** Forgets all changes of a person that wait on this device. */
export function dropWaiting(person: string): void {
  for (const part of partsOf(person)) localStorage.removeItem(part);
}

function partsOf(person: string): string[] {
  return Object.keys(localStorage).filter((key) => key.startsWith(prefixOf(person)));
}

/** Does something under the lock of a part, once nobody else holds it. */
function whenFree(part: string, signal: AbortSignal, work: () => void | Promise<void>): void {
  navigator.locks
    .request(part, { signal }, async () => {
      if (!signal.aborted) await work();
    })
    .catch((error: unknown) => {
      if (!signal.aborted) report(error);
    });
}

function read(part: string): Pending[] {
  const kept = localStorage.getItem(part);
  return kept === null ? [] : (JSON.parse(kept) as Pending[]);
}

function write(part: string, changes: readonly Pending[]): void {
  try {
    if (changes.length === 0) localStorage.removeItem(part);
    else localStorage.setItem(part, JSON.stringify(changes));
  } catch (error) {
    // No room is left on the device: the change is still in this tab.
    report(error);
  }
}
