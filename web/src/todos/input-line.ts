// The text of the field that adds items. It is kept outside of the field, so that it survives a visit of another page, and
// so that a line that the service refused can be restored. The tab's storage keeps it over a reload, by user.
import { Store } from '../store';

export const line = new Store('');

/** Parts of the line that the user wants to keep as text, although they look like a date, a tag or a priority. */
export const plainParts = new Store<readonly string[]>([]);

/** A line and what of it is kept as text. */
export interface Line {
  text: string;
  plain: readonly string[];
}

/** Lines that the user has submitted and that are not added yet, the oldest first. */
export const submitted = new Store<readonly Line[]>([]);

/** Where the user's lines are stored; `null` while no user is signed in. */
let storageKey: string | null = null;

line.subscribe(storeLines);
plainParts.subscribe(storeLines);
submitted.subscribe(storeLines);

interface StoredLines extends Line {
  submitted: readonly Line[];
}

/** Restores the lines that a user had not finished before a reload, and stores them from now on. */
export function openLine(user: string): void {
  storageKey = `busline.line.${user}`;
  const stored = sessionStorage.getItem(storageKey);
  if (stored === null) return;
  const lines = JSON.parse(stored) as StoredLines;
  submitted.update((others) => [...lines.submitted, ...others]);
  if (line.get() !== '') return;
  line.update(() => lines.text);
  plainParts.update(() => lines.plain);
}

function storeLines(): void {
  if (storageKey === null) return;
  const stored: StoredLines = { text: line.get(), plain: plainParts.get(), submitted: submitted.get() };
  try {
    if (stored.text === '' && stored.submitted.length === 0) sessionStorage.removeItem(storageKey);
    else sessionStorage.setItem(storageKey, JSON.stringify(stored));
  } catch {
    // The storage is full: the lines are still in this tab.
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

/** Takes the line out of the field, which is free for the next one. */
export function submitLine(): void {
  const next = { text: line.get(), plain: plainParts.get() };
  submitted.update((lines) => [...lines, next]);
  clearLine();
}

/** Removes the oldest submitted line, for the caller to add it. */
export function takeSubmitted(): Line | undefined {
  const [next] = submitted.get();
  submitted.update((lines) => (next ? lines.slice(1) : lines));
  return next;
}

/** Deletes everything before another user signs in. */
export function resetLines(): void {
  refused = [];
  submitted.update(() => []);
  writeLine('');
  storageKey = null;
}
