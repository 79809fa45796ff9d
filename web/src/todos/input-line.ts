// The text of the field that adds items. It is kept outside of the field, so that it survives a visit of another page, and
// so that a line that the service refused can be restored. The tab's storage keeps it over a reload, by user.
import { Store } from '../store';

export const line = new Store('');

/** Parts of the line that the user wants to keep as text, although they look like a date, a tag or a priority. */
export const plainParts = new Store<readonly string[]>([]);

/** Where the user's line is stored; `null` while no user is signed in. */
let storageKey: string | null = null;

line.subscribe(storeLine);
plainParts.subscribe(storeLine);

interface StoredLine {
  text: string;
  plain: string[];
}

/** Restores the line that a user had not finished before a reload, and stores it from now on. */
export function openLine(user: string): void {
  storageKey = `busline.line.${user}`;
  const stored = sessionStorage.getItem(storageKey);
  if (stored === null || line.get() !== '') return;
  const { text, plain } = JSON.parse(stored) as StoredLine;
  line.update(() => text);
  plainParts.update(() => plain);
}

function storeLine(): void {
  if (storageKey === null) return;
  const stored: StoredLine = { text: line.get(), plain: [...plainParts.get()] };
  try {
    if (stored.text === '') sessionStorage.removeItem(storageKey);
    else sessionStorage.setItem(storageKey, JSON.stringify(stored));
  } catch {
    // The storage is full: the line is still in this tab.
  }
}

/** Refused lines, restored when the field is empty. */
let refused: string[] = [];

/** Replaces the text; nothing of an emptied line is kept as text. */
export function writeLine(text: string): void {
  line.update(() => text);
  if (text.trim() === '') plainParts.update(() => []);
}

/** Keeps a part of the line as text. */
export const keepAsText = (part: string): void => plainParts.update((parts) => [...parts, part]);

/** Restores a refused line, but not over text that the user is writing. */
export function restoreLine(text: string): void {
  if (line.get().trim() === '') writeLine(text);
  else refused.push(text);
}

/** Empties the field, or fills it with the next refused line. */
export function clearLine(): void {
  plainParts.update(() => []);
  line.update(() => refused.shift() ?? '');
}

/** Deletes everything before another user signs in. */
export function resetLines(): void {
  refused = [];
  writeLine('');
  storageKey = null;
}
