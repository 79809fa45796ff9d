// Stores unconfirmed changes on this device, so that they survive a reload and a closed tab. Each tab stores its changes
// under its own key and holds a Web Lock for it while it is open; a tab that gets the lock of a closed tab takes over its
// changes. Sending a change twice because of this does no harm.
import { reportError } from '../app/error-message';
import { pending } from './data';
import type { Pending } from './pending';
import { deleteStoredItems } from './stored-items';

const prefixOf = (user: string) => `busline.waiting.${user}.`;

/**
 * Stores this tab's changes for a user, and takes over the changes of closed tabs of the same user. The returned function
 * stops that; stored changes remain.
 */
export function storeChanges(user: string, takeOver: (changes: Pending[]) => void): () => void {
  const prefix = prefixOf(user);
  const own = prefix + crypto.randomUUID();
  const stopping = new AbortController();
  const { signal } = stopping;
  const watched = new Set([own]);
  const watch = (part: string) => {
    if (!part.startsWith(prefix) || watched.has(part)) return;
    watched.add(part);
    withLock(part, signal, () => {
      // Added here before it is removed there: a change is stored twice for a moment rather than not at all.
      takeOver(read(part));
      localStorage.removeItem(part);
    });
  };
  withLock(own, signal, () => new Promise<void>((free) => signal.addEventListener('abort', () => free())));
  const unsubscribe = pending.subscribe(() => write(own, pending.get()));
  Object.keys(localStorage).forEach(watch);
  window.addEventListener('storage', ({ key, newValue }) => key && newValue && watch(key), { signal });
  return () => {
    unsubscribe();
    stopping.abort();
  };
}

/** The number of a user's unconfirmed changes on this device, in all tabs. */
export function countStoredChanges(user: string): number {
  return partsOf(user).reduce((count, part) => count + read(part).length, 0);
}

/** Deletes all unconfirmed changes of a user on this device. */
export function deleteStoredChanges(user: string): void {
  for (const part of partsOf(user)) localStorage.removeItem(part);
}

function partsOf(user: string): string[] {
  return Object.keys(localStorage).filter((key) => key.startsWith(prefixOf(user)));
}

/** Runs work with the lock of a key, as soon as it is free. */
function withLock(part: string, signal: AbortSignal, work: () => void | Promise<void>): void {
  navigator.locks
    .request(part, { signal }, async () => {
      if (!signal.aborted) await work();
    })
    .catch((error: unknown) => {
      if (!signal.aborted) reportError(error);
    });
}

function read(part: string): Pending[] {
  const stored = localStorage.getItem(part);
  return stored === null ? [] : (JSON.parse(stored) as Pending[]);
}

function write(part: string, changes: readonly Pending[]): void {
  if (changes.length === 0) {
    localStorage.removeItem(part);
    return;
  }
  const text = JSON.stringify(changes);
  try {
    localStorage.setItem(part, text);
  } catch {
    // The storage is full. Stored items can be loaded again, changes cannot.
    deleteStoredItems();
    try {
      localStorage.setItem(part, text);
    } catch (error) {
      // The change is still in this tab.
      reportError(error);
    }
  }
}
