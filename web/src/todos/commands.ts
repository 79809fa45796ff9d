// The user's changes of items. Each change shows at once and is sent in the background, in order for each item, and
// repeated while the service does not answer. A refused change is reverted with a message. Unconfirmed changes are stored
// on this device: see `stored-changes.ts`.
import { MutationObserver, onlineManager } from '@tanstack/react-query';
import { body, todosApi } from '../api/clients';
import { ApiError, failed, SignedOut } from '../api/problem';
import { errorMessage } from '../app/error-message';
import { queryClient } from '../app/query-client';
import { messages } from '../i18n/i18n';
import { Store } from '../store';
import { showToast, shortTitle } from '../ui/toasts';
import { known, loadTodo, recordCreated, pending, realId, refreshDeleted, screenKey } from './data';
import { withAnswer, without, type Status, type Todo } from './known';
import { restoreLine } from './input-line';
import { rebase, shown, type Edit, type EditedField, type Pending } from './pending';
import type { QuickTodo } from './quick-add';
import { spelledAs, tagsOf } from './tags';
import { resetOrder, runInOrder } from './run-in-order';
import { clearUndo, offerUndo } from './undo';
import { countStoredChanges, storeChanges } from './stored-changes';

/** An edit of a field that a newer version has changed too. */
export interface Conflict {
  newer: Todo;
  edit: Edit;
  fields: EditedField[];
}

/** The conflicts that the user has yet to decide, in the order in which they were met. */
export const conflicts = new Store<readonly Conflict[]>([]);

class ConflictError extends Error {
  readonly conflict: Conflict;
  constructor(found: Conflict) {
    super('the item was changed elsewhere');
    this.conflict = found;
  }
}

/** Identifies the current session. A change of an earlier session is never sent for the next user. */
let term: object | null = null;

/** The last user: a new session of the same user keeps the open conflicts. */
let author = '';

/**
 * Sends the user's changes that are stored on this device, and stores new ones from now on. The returned function stops
 * that at the end of the session.
 */
export function startSync(user: string): () => void {
  if (user !== author) conflicts.update(() => []);
  author = user;
  term = {};
  const stopKeeping = storeChanges(user, (changes) => changes.forEach((change) => void send(change)));
  return () => {
    stopKeeping();
    endSync();
  };
}

function endSync(): void {
  term = null;
  resetOrder();
  clearUndo();
}

/** How long a sign-out waits for unconfirmed changes, in milliseconds. */
const SIGN_OUT_WAIT_MS = 2_000;

/** Waits a moment for unconfirmed changes, and returns how many remain. */
export async function finishSync(user: string): Promise<number> {
  if (onlineManager.isOnline()) await Promise.race([waitUntilSettled(), pause(SIGN_OUT_WAIT_MS)]);
  return countStoredChanges(user);
}

function waitUntilSettled(): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (pending.get().length > 0) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = pending.subscribe(look);
    look();
  });
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Adds an item that was typed as `line`, and returns its draft. */
export function addTodo(todo: QuickTodo, line: string): Todo {
  const now = new Date().toISOString();
  const draft: Todo = {
    ...todo,
    tags: spelledAs(tagsOf(shown(known.get(), pending.get()), 'en'), todo.tags),
    id: crypto.randomUUID(),
    notes: null,
    status: 'open',
    completedAt: null,
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
    version: 0,
  };
  void send({ id: draft.id, kind: 'create', todo: draft, line });
  return draft;
}

/** Changes fields of an item; `original` is the item as it was shown when the user changed it. */
export function editTodo(original: Todo, edit: Edit): void {
  void send({ id: crypto.randomUUID(), kind: 'edit', todoId: realId(original.id), seen: original, edit });
}

/** Completes or reopens an item. */
export function setStatus(original: Todo, status: Status): void {
  const at = new Date().toISOString();
  if (status === 'completed') offerUndo('completed', original.title, () => setStatus(original, 'open'));
  void send({ id: crypto.randomUUID(), kind: 'status', todoId: realId(original.id), seen: original, status, at });
}

/** Deletes an item. It can be restored from the message, and among the deleted items. */
export function deleteTodo(original: Todo): void {
  const at = new Date().toISOString();
  offerUndo('deleted', original.title, () => restoreTodo(original));
  void send({ id: crypto.randomUUID(), kind: 'delete', todoId: realId(original.id), seen: original, at });
}

/** Restores a deleted item; `original` is the item as it was shown last. */
export function restoreTodo(original: Todo): void {
  void send({ id: crypto.randomUUID(), kind: 'restore', todoId: realId(original.id), seen: original });
}

/** Deletes deleted items for good. */
export function purgeTodos(originals: readonly Todo[]): void {
  const changes = originals.map((original): Pending => {
    const seen = { ...original, notes: null };
    return { id: crypto.randomUUID(), kind: 'purge', todoId: realId(original.id), seen };
  });
  // At once: each update is stored on this device.
  pending.update((waiting) => [...waiting, ...changes]);
  changes.forEach((change) => void send(change));
}

/** Shows a change as pending, sends it after earlier changes of the item, and removes it once it is confirmed or refused. */
async function send(change: Pending): Promise<void> {
  const current = term;
  if (!current) return;
  if (!isWaiting(change)) pending.update((changes) => [...changes, change]);
  const attempt = () => {
    if (current !== term) throw new SignedOut('the session in which this was changed is over');
    return request(change);
  };
  await runInOrder(queuesOf(change), async () => {
    if (current !== term || !isWaiting(change)) return;
    try {
      const todo = await new MutationObserver(queryClient, { mutationFn: attempt }).mutate();
      if (current !== term) return;
      if (todo) known.update((items) => withAnswer(items, todo, Date.now()));
      // A purged item is not among the known ones; if it is, it was restored.
      else if (change.kind !== 'purge') known.update((items) => without(items, realId(idOf(change))));
      refreshDeleted(change);
      removePending(change);
    } catch (error) {
      // Without a session the change stays stored for the next session.
      if (current !== term || isSessionError(error)) return;
      rejectChange(change, error);
    }
  });
}

const isWaiting = ({ id }: Pending) => pending.get().some((change) => change.id === id);
const idOf = (change: Pending) => (change.kind === 'create' ? change.id : change.todoId);

/**
 * Changes of one item are sent in order; new items too, because the service sorts them by creation. Purges are sent one by
 * one, because there may be thousands.
 */
function queuesOf(change: Pending): string[] {
  const own = screenKey(idOf(change));
  if (change.kind === 'create') return ['new', own];
  return change.kind === 'purge' ? ['purge', own] : [own];
}

/** Sends the request of a change; returns the new item, or `null` if it is deleted. */
async function request(change: Pending): Promise<Todo | null> {
  if (change.kind === 'create') return sendCreate(change);
  const id = realId(change.todoId);
  const params = { path: { id } };
  switch (change.kind) {
    case 'edit':
      return sendEdit(id, change.seen, change.edit);
    case 'status':
      return change.status === 'completed'
        ? body(todosApi.POST('/todos/{id}/complete', { params }))
        : body(todosApi.POST('/todos/{id}/reopen', { params }));
    case 'restore':
      return body(todosApi.POST('/todos/{id}/restore', { params }));
    case 'delete':
      return gone(await todosApi.DELETE('/todos/{id}', { params }));
    case 'purge':
      return gone(await todosApi.POST('/todos/{id}/purge', { params }));
  }
}

/** The answer to a deletion. One that was sent before finds no item. */
function gone({ response, error }: { response: Response; error?: unknown }): null {
  if (!response.ok && response.status !== 404) throw failed(response, error);
  return null;
}

async function sendCreate({ id, todo }: Pending & { kind: 'create' }): Promise<Todo> {
  const { title, dueAt, allDay, priority, tags } = todo;
  const params = { header: { 'Idempotency-Key': id } };
  const made = await body(todosApi.POST('/todos', { params, body: { title, dueAt, allDay, priority, tags } }));
  recordCreated(id, made.id);
  return made;
}

async function sendEdit(id: string, seen: Todo, edit: Edit): Promise<Todo> {
  const entry = known.get().items.get(id);
  let base: Todo | undefined = entry && !entry.partial ? entry.todo : await loadTodo(id);
  // Each failed round means that another device changed the item; five in a row are not expected.
  for (let round = 0; base && round < 5; round += 1) {
    const { clash } = rebase(seen, base, edit);
    if (clash.length > 0 && base.version !== seen.version)
      throw new ConflictError({ newer: base, edit, fields: clash });
    const params = { path: { id }, header: { 'If-Match': `"${base.version}"` } };
    const { data, error, response } = await todosApi.PATCH('/todos/{id}', { params, body: edit });
    if (data) return data;
    if (response.status !== 412) throw failed(response, error);
    base = await loadTodo(id);
  }
  throw new ApiError(base ? 412 : 404, undefined);
}

/** Removes a confirmed change. Later changes of a draft become changes of the created item. */
function removePending(settled: Pending): void {
  const draft = settled.kind === 'create' ? settled.id : null;
  pending.update((changes) =>
    changes
      .filter(({ id }) => id !== settled.id)
      .map((change) =>
        change.kind !== 'create' && change.todoId === draft ? { ...change, todoId: realId(draft) } : change,
      ),
  );
}

/** Removes a refused change and tells the user. With a refused draft, its later changes are removed too. */
function rejectChange(change: Pending, error: unknown): void {
  pending.update((changes) =>
    changes.filter((other) => other.id !== change.id && (change.kind !== 'create' || idOf(other) !== change.id)),
  );
  if (error instanceof ConflictError) {
    conflicts.update((met) => [...met, error.conflict]);
    return;
  }
  const m = messages();
  const isNew = change.kind === 'create';
  const text = `${m.notSaved(shortTitle(isNew ? change.todo.title : change.seen.title))} ${errorMessage(error)}`;
  if (isNew) restoreLine(change.line);
  showToast(text, {
    tone: 'bad',
    ...(!isNew && { action: { label: m.tryAgain, run: () => void send(change) } }),
  });
}

/** Whether the error means that the user must sign in again, which the page tells anyway. */
function isSessionError(error: unknown): boolean {
  return error instanceof SignedOut || (error instanceof ApiError && error.status === 401);
}
