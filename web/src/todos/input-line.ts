// The text of the field that adds items. It is kept outside of the field, so that it survives a visit of another page, and
// so that a line that the service refused can be restored.
import { Store } from '../store';

export const line = new Store('');

/** Refused lines, restored when the field is empty. */
let refused: string[] = [];

/** Restores a refused line, but not over text that the user is writing. */
export function restoreLine(text: string): void {
  if (line.get().trim() === '') line.update(() => text);
  else refused.push(text);
}

/** Empties the field, or fills it with the next refused line. */
export function clearLine(): void {
  line.update(() => refused.shift() ?? '');
}

/** Deletes everything before another user signs in. */
export function resetLines(): void {
  refused = [];
  line.update(() => '');
}
