// The user's position in the list, to which an item page returns.

const START = '/';

/** The address of the view that was shown last. */
let view = START;
/** The item that was opened last, by its `screenKey`, and the view from which it was. */
let opened: { key: string; from: string } | null = null;

/** Remembers the view that is shown. */
export function recordView(address: string): void {
  view = address;
}

/** Remembers the item that is open. */
export function recordOpened(key: string): void {
  opened = { key, from: view };
}

/** The address of the view that was shown last. */
export const lastView = (): string => view;

/** The item to focus in a view that the user returns to; returned once, and cleared by any other navigation. */
export function takeLastOpened(address: string): string | null {
  const key = opened?.from === address ? opened.key : null;
  opened = null;
  return key;
}

/** Deletes everything before another user signs in. */
export function resetListPosition(): void {
  view = START;
  opened = null;
}
