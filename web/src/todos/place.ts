// Where in the list somebody was, so that they come back to it from an item.

const START = '/';

/** The address of the view that was shown last. */
let view = START;
/** The item that was opened last, by its `screenKey`, and the view from which it was. */
let opened: { key: string; from: string } | null = null;

/** Remembers the view that is shown. */
export function noteView(address: string): void {
  view = address;
}

/** Remembers the item that is open. */
export function noteOpened(key: string): void {
  opened = { key, from: view };
}

/** The way back to the list. */
export const lastView = (): string => view;

/** The item to begin at in a view that somebody comes back to; it is told once, and forgotten on other ways. */
export function takeOpened(address: string): string | null {
  const key = opened?.from === address ? opened.key : null;
  opened = null;
  return key;
}

/** Forgets everything, when somebody else signs in. */
export function forgetPlace(): void {
  view = START;
  opened = null;
}
