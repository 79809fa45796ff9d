// Changes that the service has not confirmed yet. They are applied on top of the known items, so that the page shows them
// at once; removing a failed change restores the known item. Each change is plain JSON and holds everything that is needed
// to send it, also after a reload.
import type { Known, Status, Todo } from './known';

/** What an edit may set. */
export type Edit = Partial<Pick<Todo, 'title' | 'notes' | 'dueAt' | 'allDay' | 'priority' | 'tags'>>;

/** What the user changes as one: a due time and whether the whole day is meant belong together. */
export type EditedField = Exclude<keyof Edit, 'allDay'>;

/** A change; `seen` is the item as it was when the user changed it. */
export type Pending =
  /** The draft's id is also the change's id and the request's idempotency key. `line` is the typed text. */
  | { id: string; kind: 'create'; todo: Todo; line: string }
  | { id: string; kind: 'edit'; todoId: string; seen: Todo; edit: Edit }
  | { id: string; kind: 'status'; todoId: string; seen: Todo; status: Status; at: string }
  | { id: string; kind: 'delete'; todoId: string; seen: Todo; at: string }
  /** Undoes a deletion. */
  | { id: string; kind: 'restore'; todoId: string; seen: Todo }
  /** Deletes a deleted item for good. */
  | { id: string; kind: 'purge'; todoId: string; seen: Todo };

/** An item with its pending changes. */
export interface DisplayedTodo extends Todo {
  /** Whether a change of the item is not saved yet. */
  isPending: boolean;
}

/** All items with the pending changes applied in order. */
export function shown(known: Known, pending: readonly Pending[]): DisplayedTodo[] {
  const items = new Map<string, DisplayedTodo>();
  for (const { todo } of known.items.values()) items.set(todo.id, settled(todo));
  let latest = '';
  for (const change of pending) {
    if (change.kind === 'create') {
      latest = after(latest || newest(items), change.todo.createdAt);
      items.set(change.todo.id, { ...change.todo, createdAt: latest, isPending: true });
    } else lay(change, items);
  }
  return [...items.values()];
}

const newest = (items: Map<string, Todo>) =>
  [...items.values()].reduce((latest, { createdAt }) => (createdAt > latest ? createdAt : latest), '');

/** The service will create a draft after all other items, in the order of the drafts; its times have whole seconds. */
function after(latest: string, createdAt: string): string {
  const next = latest ? Math.floor(Date.parse(latest) / 1000) * 1000 + 1000 : 0;
  return new Date(Math.max(next, Date.parse(createdAt))).toISOString().replace(/\.\d+Z$/, 'Z');
}

const unchangedTodos = new WeakMap<Todo, DisplayedTodo>();

/** An item without a pending change: the same object for the same item, so that its row is not rendered again. */
function settled(todo: Todo): DisplayedTodo {
  const stored = unchangedTodos.get(todo);
  if (stored) return stored;
  const made = { ...todo, isPending: false };
  unchangedTodos.set(todo, made);
  return made;
}

function lay(change: Exclude<Pending, { kind: 'create' }>, items: Map<string, DisplayedTodo>): void {
  if (change.kind === 'restore') {
    const before = items.get(change.todoId) ?? change.seen;
    items.set(change.todoId, { ...before, id: change.todoId, deletedAt: null, isPending: true });
    return;
  }
  const todo = items.get(change.todoId);
  if (!todo) return;
  switch (change.kind) {
    case 'delete':
    case 'purge':
      items.delete(change.todoId);
      return;
    case 'edit':
      items.set(todo.id, { ...todo, ...change.edit, isPending: true });
      return;
    case 'status': {
      const completedAt = change.status === 'completed' ? change.at : null;
      items.set(todo.id, { ...todo, status: change.status, completedAt, isPending: true });
    }
  }
}

/** The deleted items with the pending changes applied in order, the latest deletion first. */
export function shownDeleted(listed: readonly Todo[], pending: readonly Pending[]): DisplayedTodo[] {
  const items = new Map(listed.map((todo) => [todo.id, settled(todo)]));
  for (const change of pending) {
    if (change.kind === 'delete')
      items.set(change.todoId, { ...change.seen, id: change.todoId, deletedAt: change.at, isPending: true });
    if (change.kind === 'restore' || change.kind === 'purge') items.delete(change.todoId);
  }
  return [...items.values()].sort((one, other) => (other.deletedAt ?? '').localeCompare(one.deletedAt ?? ''));
}

/** The fields of an edit that were also changed in a newer version; without one, the edit can be repeated on it. */
export function rebase(seen: Todo, newer: Todo, edit: Edit): { clash: EditedField[] } {
  const fields = Object.keys(edit).filter((field) => field !== 'allDay') as EditedField[];
  const differs = (one: Edit, field: EditedField) => !same(field, one, newer);
  return { clash: fields.filter((field) => differs(seen, field) && differs(edit, field)) };
}

function same(field: EditedField, one: Edit, other: Edit): boolean {
  if (field === 'dueAt') return dueKey(one) === dueKey(other);
  return JSON.stringify(one[field]) === JSON.stringify(other[field]);
}

/** The service writes the same moment without fractions of a second. Changes stored by earlier versions have no `allDay`. */
function dueKey({ dueAt, allDay = false }: Edit): string {
  return dueAt ? `${Date.parse(dueAt)} ${allDay}` : '';
}
