// How long texts are. The services count whole characters, code points, where JavaScript counts halves of some.

/** The longest title, in characters. */
export const LONGEST_TITLE = 200;

/** How many characters a text has. */
export const lengthOf = (text: string): number => Array.from(text).length;

/** The beginning of a text, at most so many characters of it. */
export const cut = (text: string, length: number): string => Array.from(text).slice(0, length).join('');

/** A title as the service takes it: one line without white space around it. */
export const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
