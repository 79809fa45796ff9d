// What the page knows of the user's items. Answers of the API and live events come in any order and more than once; an
// item's version decides which is newer, so that an older never overwrites a newer and a deleted item stays deleted.
import type { components } from '../api/generated/todos';

export type Todo = components['schemas']['Todo'];
export type Status = Todo['status'];
export type Priority = Todo['priority'];

/** An item, and how well it is known. */
export interface Entry {
  todo: Todo;
  /** Fields that an event does not carry, the notes, may be older than the version says. */
  partial: boolean;
  /** When the item was last heard of, in milliseconds since 1970. */
  heardAt: number;
}

export interface Known {
  readonly items: ReadonlyMap<string, Entry>;
  /** Versions of deletions that live events told of, by item. */
  readonly gone: ReadonlySet<string>;
}

export const nothingKnown: Known = { items: new Map(), gone: new Set() };

/** Takes in an item that the API answered with. */
export function withAnswer(known: Known, todo: Todo, heardAt: number): Known {
  return withAnswers(known, [todo], heardAt);
}

/** Takes in items that the API answered with. */
export function withAnswers(known: Known, todos: readonly Todo[], heardAt: number): Known {
  const alive = todos.filter(({ id }) => !known.gone.has(id));
  if (alive.length === 0) return known;
  const items = new Map(known.items);
  for (const todo of alive) {
    const before = items.get(todo.id);
    if (!before || isNews(todo, before)) items.set(todo.id, { todo, partial: false, heardAt });
    else if (before.heardAt < heardAt) items.set(todo.id, { ...before, heardAt });
  }
  return { ...known, items };
}

function isNews(todo: Todo, before: Entry): boolean {
  return todo.version > before.todo.version || (todo.version === before.todo.version && before.partial);
}

/** Takes in what an event told of an item. */
export function withEvent(known: Known, todo: Todo, heardAt: number): Known {
  if (known.gone.has(todo.id)) return known;
  const before = known.items.get(todo.id);
  if (before && before.todo.version >= todo.version) return known;
  const items = new Map(known.items).set(todo.id, { todo, partial: true, heardAt });
  return { ...known, items };
}

/**
 * Takes in a whole list of one status, asked for at `askedAt`. Items of that status that are not in it are gone,
 * unless they were heard of since: the list may be older than the news.
 */
export function withList(known: Known, status: Status, list: readonly Todo[], askedAt: number): Known {
  const listed = new Set(list.map(({ id }) => id));
  const items = new Map(known.items);
  for (const [id, { todo, heardAt }] of items) {
    if (todo.status === status && !listed.has(id) && heardAt < askedAt) items.delete(id);
  }
  return withAnswers({ ...known, items }, list, askedAt);
}

/** Forgets a deleted item, for good: ids are never used again. */
export function without(known: Known, id: string): Known {
  if (known.gone.has(id) && !known.items.has(id)) return known;
  const items = new Map(known.items);
  items.delete(id);
  return { items, gone: new Set(known.gone).add(id) };
}
