// The user's items as the page knows them. Answers of the API and live events arrive in any order and more than once; an
// item's version decides which is newer, so that an older one never overwrites a newer one and a deleted item stays deleted
// until a newer version is known, which was restored.
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
  /** The versions with which items were deleted, by id. */
  readonly deleted: ReadonlyMap<string, number>;
}

export const noTodos: Known = { items: new Map(), deleted: new Map() };

/** Adds an item from an answer of the API. */
export function withAnswer(known: Known, todo: Todo, receivedAt: number): Known {
  return withAnswers(known, [todo], receivedAt);
}

/** Adds items from an answer of the API. */
export function withAnswers(known: Known, todos: readonly Todo[], receivedAt: number): Known {
  const alive = todos.filter((todo) => !isDeleted(known, todo));
  if (alive.length === 0) return known;
  const items = new Map(known.items);
  const deleted = withRestored(known, alive);
  for (const todo of alive) {
    const before = items.get(todo.id);
    if (!before || isNewer(todo, before)) items.set(todo.id, { todo, partial: false, receivedAt });
    else if (before.receivedAt < receivedAt) items.set(todo.id, { ...before, receivedAt });
  }
  return { items, deleted };
}

/** Adds items that were stored on this device without their notes; anything that is received replaces them. */
export function withStored(known: Known, stored: readonly Todo[]): Known {
  const unknown = stored.filter((todo) => !known.items.has(todo.id) && !isDeleted(known, todo));
  const entries = unknown.map((todo): [string, Entry] => [todo.id, { todo, partial: true, receivedAt: 0 }]);
  return { ...known, items: new Map([...known.items, ...entries]) };
}

/** Whether an item was deleted with this version or a newer one. */
function isDeleted({ deleted }: Known, { id, version }: Todo): boolean {
  return (deleted.get(id) ?? 0) >= version;
}

/** The deletions that these items, which are newer, do not refute. */
function withRestored({ deleted }: Known, alive: readonly Todo[]): Known['deleted'] {
  if (!alive.some(({ id }) => deleted.has(id))) return deleted;
  const left = new Map(deleted);
  for (const { id } of alive) left.delete(id);
  return left;
}

function isNewer(todo: Todo, before: Entry): boolean {
  return todo.version > before.todo.version || (todo.version === before.todo.version && before.partial);
}

/** Adds an item as an event describes it. */
export function withEvent(known: Known, todo: Todo, receivedAt: number): Known {
  if (isDeleted(known, todo)) return known;
  const before = known.items.get(todo.id);
  if (before && before.todo.version >= todo.version) return known;
  const items = new Map(known.items).set(todo.id, { todo, partial: true, receivedAt });
  return { items, deleted: withRestored(known, [todo]) };
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

/**
 * Removes an item that was deleted with a version; by default with the one after the known version. A version that is older
 * than the known one changes nothing: the item was restored since then.
 */
export function without(known: Known, id: string, version?: number): Known {
  const latest = known.items.get(id)?.todo.version ?? 0;
  const deletion = version ?? latest + 1;
  if (latest > deletion || (known.deleted.get(id) ?? 0) >= deletion) return known;
  const items = new Map(known.items);
  items.delete(id);
  return { items, deleted: new Map(known.deleted).set(id, deletion) };
}
