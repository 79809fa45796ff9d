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
  if (known.gone.has(todo.id)) return known;
  const before = known.items.get(todo.id);
  if (before && (before.todo.version > todo.version || (before.todo.version === todo.version && !before.partial))) {
    return before.heardAt >= heardAt ? known : put(known, { ...before, heardAt });
  }
  return put(known, { todo, partial: false, heardAt });
}

/** Takes in what an event told of an item. */
export function withEvent(known: Known, todo: Todo, heardAt: number): Known {
  if (known.gone.has(todo.id)) return known;
  const before = known.items.get(todo.id);
  if (before && before.todo.version >= todo.version) return known;
  return put(known, { todo, partial: true, heardAt });
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
  return list.reduce<Known>((result, todo) => withAnswer(result, todo, askedAt), { ...known, items });
}

/** Forgets a deleted item, for good: ids are never used again. */
export function without(known: Known, id: string): Known {
  if (known.gone.has(id) && !known.items.has(id)) return known;
  const items = new Map(known.items);
  items.delete(id);
  return { items, gone: new Set(known.gone).add(id) };
}

function put(known: Known, entry: Entry): Known {
  return { ...known, items: new Map(known.items).set(entry.todo.id, entry) };
}
