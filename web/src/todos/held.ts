// Rows that stay where they are for a moment after their item was completed or reopened with a pointer, so that the next row is not under
// the pointer of a double click, and the change can be seen.
import { Store } from '../store';
import { screenKey } from './data';
import type { Todo } from './known';

/** How long a row stays, in milliseconds; `todo-row.module.css` collapses it at the end of this time. */
const HOLD_MS = 900;

type Held = Pick<Todo, 'status' | 'completedAt'>;

/** The status that each held row had before, by `screenKey`. */
export const held = new Store<ReadonlyMap<string, Held>>(new Map());

/** Keeps the row of an item that is about to change its status. */
export function hold({ id, status, completedAt }: Todo): void {
  const key = screenKey(id);
  const entry: Held = held.get().get(key) ?? { status, completedAt };
  held.update((rows) => new Map(rows).set(key, entry));
  setTimeout(() => {
    held.update((rows) => new Map([...rows].filter(([other]) => other !== key)));
  }, HOLD_MS);
}

/** The items of the list, as it was when held rows had their status of before. */
export function withHeld<T extends Todo>(
  todos: readonly T[],
  rows: ReadonlyMap<string, Held>,
  list: (todos: readonly T[]) => T[],
): T[] {
  const current = new Map(todos.map((todo) => [todo.id, todo]));
  return list(todos.map((todo) => asHeld(todo, rows))).map((todo) => current.get(todo.id) ?? todo);
}

function asHeld<T extends Todo>(todo: T, rows: ReadonlyMap<string, Held>): T {
  const before = rows.get(screenKey(todo.id));
  return before && before.status !== todo.status ? { ...todo, ...before } : todo;
}
