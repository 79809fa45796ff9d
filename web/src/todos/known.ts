// The user's items as the page knows them. Answers of the API and live events arrive in any order and more than once; an
// item's version decides which is newer, so that an older one never overwrites a newer one and a deleted item stays deleted.
import type { components } from '../api/generated/todos';

export type Todo = components['schemas']['Todo'];
export type Status = Todo['status'];
export type Priority = Todo['priority'];

/** An item, and how complete and how recent it is. */
export interface Entry {
  todo: Todo;
  /** Whether the notes, which events do not carry, may be older than the version. */
  partial: boolean;
  /** When the item was last received, in milliseconds since 1970-01-01. */
  receivedAt: number;
}

export interface Known {
  readonly items: ReadonlyMap<string, Entry>;
  /** The ids of deleted items. */
  readonly deleted: ReadonlySet<string>;
}

export const noTodos: Known = { items: new Map(), deleted: new Set() };

/** Adds an item from an answer of the API. */
export function withAnswer(known: Known, todo: Todo, receivedAt: number): Known {
  return withAnswers(known, [todo], receivedAt);
}

/** Adds items from an answer of the API. */
export function withAnswers(known: Known, todos: readonly Todo[], receivedAt: number): Known {
  const alive = todos.filter(({ id }) => !known.deleted.has(id));
  if (alive.length === 0) return known;
  const items = new Map(known.items);
  for (const todo of alive) {
    const before = items.get(todo.id);
    if (!before || isNewer(todo, before)) items.set(todo.id, { todo, partial: false, receivedAt });
    else if (before.receivedAt < receivedAt) items.set(todo.id, { ...before, receivedAt });
  }
  return { ...known, items };
}

function isNewer(todo: Todo, before: Entry): boolean {
  return todo.version > before.todo.version || (todo.version === before.todo.version && before.partial);
}

/** Adds an item as an event describes it. */
export function withEvent(known: Known, todo: Todo, receivedAt: number): Known {
  if (known.deleted.has(todo.id)) return known;
  const before = known.items.get(todo.id);
  if (before && before.todo.version >= todo.version) return known;
  const items = new Map(known.items).set(todo.id, { todo, partial: true, receivedAt });
  return { ...known, items };
}

/**
 * Adds a complete list of one status, requested at `askedAt`. Items of that status that are not in it are removed, unless
 * they were received since then: the list may be older.
 */
export function withList(known: Known, status: Status, list: readonly Todo[], askedAt: number): Known {
  const listed = new Set(list.map(({ id }) => id));
  const items = new Map(known.items);
  for (const [id, { todo, receivedAt }] of items) {
    if (todo.status === status && !listed.has(id) && receivedAt < askedAt) items.delete(id);
  }
  return withAnswers({ ...known, items }, list, askedAt);
}

/** Removes a deleted item permanently: ids are never reused. */
export function without(known: Known, id: string): Known {
  if (known.deleted.has(id) && !known.items.has(id)) return known;
  const items = new Map(known.items);
  items.delete(id);
  return { items, deleted: new Set(known.deleted).add(id) };
}
