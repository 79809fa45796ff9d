// Stores the user's open items on this device, so that a page that is opened without the service has a list. They are
// deleted with the session.
import { onlineManager } from '@tanstack/react-query';
import { reportError } from '../app/error-message';
import { unreachable } from '../app/reachability';
import { known } from './data';
import { withStored, type Todo } from './known';

/** A pause in changes after which the items are stored, in milliseconds. */
const PAUSE_MS = 2_000;

const PREFIX = 'busline.items.';

/** With the version of the stored form: those of another one are not read. */
const keyOf = (user: string) => `${PREFIX}1.${user}`;

/** Stores a user's items, and shows stored ones while the service does not answer. The returned function ends both. */
export function storeItems(user: string): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = () => {
    clearTimeout(timer);
    if (timer !== undefined) save(user);
    timer = undefined;
  };
  const look = () => {
    if (!onlineManager.isOnline() || unreachable.get().has('todos')) restore(user);
  };
  const note = () => {
    timer ??= setTimeout(write, PAUSE_MS);
  };
  const stops = [known.subscribe(note), unreachable.subscribe(look), onlineManager.subscribe(look)];
  window.addEventListener('pagehide', write);
  look();
  // The first answer may have been here before.
  if (known.get().items.size > 0) note();
  return () => {
    stops.forEach((stop) => stop());
    window.removeEventListener('pagehide', write);
    clearTimeout(timer);
    deleteStoredItems();
  };
}

/** Deletes the stored items of every user of this device. */
export function deleteStoredItems(): void {
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
}

/** The notes are left out: they may be long, and are loaded with the item. */
function save(user: string): void {
  const open = [...known.get().items.values()].filter(({ todo }) => todo.status === 'open');
  const items = open.map(({ todo }) => ({ ...todo, notes: null }));
  try {
    localStorage.setItem(keyOf(user), JSON.stringify(items));
  } catch (error) {
    // The storage is full: then without a network there is no list.
    reportError(error);
  }
}

function restore(user: string): void {
  if (known.get().items.size > 0) return;
  const stored = localStorage.getItem(keyOf(user));
  if (stored !== null) known.update((items) => withStored(items, JSON.parse(stored) as Todo[]));
}
