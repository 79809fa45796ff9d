// The line in which items are written. It lives outside of its field, so that what was typed is still there after a look
// at another page, and so that a line that the service refused can come back.
import { Store } from '../store';

export const line = new Store('');

/** Lines that come back as soon as there is room for them. */
let refused: string[] = [];

/** Gives a refused line back to who wrote it; not over what they write at the moment. */
export function giveBack(text: string): void {
  if (line.get().trim() === '') line.update(() => text);
  else refused.push(text);
}

/** Makes room for the next line. */
export function clearLine(): void {
  line.update(() => refused.shift() ?? '');
}

/** Forgets everything, when somebody else signs in. */
export function forgetLines(): void {
  refused = [];
  line.update(() => '');
}
