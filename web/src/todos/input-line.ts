// The text of the field that adds items. It is kept outside of the field, so that it survives a visit of another page, and
// so that a line that the service refused can be restored.
import { Store } from '../store';

export const line = new Store('');

/** Parts of the line that the user wants to keep as text, although they look like a date, a tag or a priority. */
export const plainParts = new Store<readonly string[]>([]);

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
}
