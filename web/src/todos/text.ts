// How long texts are. The services count whole characters, code points, where JavaScript counts halves of some.

/** The longest title, in characters. */
export const MAX_TITLE_LENGTH = 200;

/** How many characters a text has. */
export const lengthOf = (text: string): number => Array.from(text).length;

/** The first characters of a text. */
export const cut = (text: string, length: number): string => Array.from(text).slice(0, length).join('');

/** A title as the service accepts it: one line without white space around it. */
export const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
