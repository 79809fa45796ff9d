// Changes that are under way. They lie over what is known until the service has answered, so that the page shows them at
// once; a change that fails is taken away again, and what is known shines through unharmed. Each holds all that it takes
// to send it, also after a reload: it is plain JSON.
import type { Known, Status, Todo } from './known';

/** What an edit may set. */
export type Edit = Partial<Pick<Todo, 'title' | 'notes' | 'dueAt' | 'priority' | 'tags'>>;

/** A change; `seen` is the item as it was when the user changed it. */
export type Pending =
  /** The draft's id is the change's own, and the request's idempotency key. `line` is what was typed. */
  | { id: string; kind: 'create'; todo: Todo; line: string }
  | { id: string; kind: 'edit'; todoId: string; seen: Todo; edit: Edit }
  | { id: string; kind: 'status'; todoId: string; seen: Todo; status: Status; at: string }
  | { id: string; kind: 'delete'; todoId: string; seen: Todo };

/** An item as it is shown. */
export interface ShownTodo extends Todo {
  /** Something of it is still being saved. */
  isPending: boolean;
}

/** All items, with the pending changes over them in the order in which they were made. */
export function shown(known: Known, pending: readonly Pending[]): ShownTodo[] {
  const items = new Map<string, ShownTodo>();
  for (const { todo } of known.items.values()) items.set(todo.id, settled(todo));
  for (const change of pending) lay(change, items);
  return [...items.values()];
}

const settledOnes = new WeakMap<Todo, ShownTodo>();

/** An item without a pending change: the same object as long as it is the same, so that its row stays as it is. */
function settled(todo: Todo): ShownTodo {
  const kept = settledOnes.get(todo);
  if (kept) return kept;
  const made = { ...todo, isPending: false };
  settledOnes.set(todo, made);
  return made;
}

function lay(change: Pending, items: Map<string, ShownTodo>): void {
  if (change.kind === 'create') {
    items.set(change.todo.id, { ...change.todo, isPending: true });
    return;
  }
  const todo = items.get(change.todoId);
  if (!todo) return;
  switch (change.kind) {
    case 'delete':
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

/** An edit that met a newer version: whether it can simply be made again there, or which fields both sides changed. */
export function rebase(seen: Todo, newer: Todo, edit: Edit): { clash: (keyof Edit)[] } {
  const fields = Object.keys(edit) as (keyof Edit)[];
  const differs = (one: Edit, field: keyof Edit) => !same(field, one[field], newer[field]);
  return { clash: fields.filter((field) => differs(seen, field) && differs(edit, field)) };
}

function same(field: keyof Edit, one: unknown, other: unknown): boolean {
  // The service writes the same moment without fractions of a second.
  if (field === 'dueAt' && typeof one === 'string' && typeof other === 'string') {
    return Date.parse(one) === Date.parse(other);
  }
  return JSON.stringify(one) === JSON.stringify(other);
}
