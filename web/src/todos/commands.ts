// What the user does to items. Each change shows at once and is sent in the background, one after the other for each
// item, again and again while the service does not answer; a change that is refused is taken back and said so.
import { MutationObserver } from '@tanstack/react-query';
import { body, todosApi } from '../api/clients';
import { ApiError, SignedOut } from '../api/problem';
import { inWords } from '../app/failure';
import { queryClient } from '../app/query-client';
import { latestAccessToken, session } from '../auth/session';
import { messages } from '../i18n/i18n';
import { Store } from '../store';
import { say, shortTitle } from '../ui/toasts';
import { known, loadTodo, noteCreated, pending, realId } from './data';
import { withAnswer, without, type Status, type Todo } from './known';
import { rebase, type Edit, type Pending } from './pending';
import type { QuickTodo } from './quick-add';

/** An edit that met a newer version with another value in the same field. */
export interface Conflict {
  newer: Todo;
  edit: Edit;
  fields: (keyof Edit)[];
}

/** The conflicts that the user has yet to decide, in the order in which they were met. */
export const conflicts = new Store<readonly Conflict[]>([]);

class Clash extends Error {
  readonly conflict: Conflict;
  constructor(found: Conflict) {
    super('the item was changed elsewhere');
    this.conflict = found;
  }
}

/** Changes that are not settled, in the order in which they were made, each with what makes it again. */
const unsettled = new Map<string, () => unknown>();

/** Whose changes these are. */
let author = '';

/** Makes again what did not come through before the session ended, if it was the session of the same person. */
export function resumeWork(person: string): void {
  const changes = person === author ? [...unsettled.values()] : [];
  if (person !== author) conflicts.update(() => []);
  author = person;
  unsettled.clear();
  for (const again of changes) again();
}

/** Lets what is under way go with a session that its owner has ended; one that ran out may go on. */
export function leaveWork(): void {
  flushDeletions();
  const current = session.get();
  if (current.state === 'signed-out' && current.ended !== 'expired') unsettled.clear();
}

/** Adds an item. The draft's id names the request too, so that one that is sent again makes no second item. */
export async function addTodo(line: QuickTodo, id: string = crypto.randomUUID()): Promise<void> {
  const now = new Date().toISOString();
  const draft: Todo = {
    ...line,
    id,
    notes: null,
    status: 'open',
    completedAt: null,
    createdAt: now,
    updatedAt: now,
    version: 0,
  };
  await send(
    { id, kind: 'create', todo: draft },
    id,
    line.title,
    () => addTodo(line, id),
    async () => {
      const answer = todosApi.POST('/todos', { params: { header: { 'Idempotency-Key': id } }, body: line });
      const todo = await body(answer);
      noteCreated(id, todo.id);
      return todo;
    },
  );
}

/** Changes fields of an item that the user saw as `seen`. */
export async function editTodo(seen: Todo, edit: Edit): Promise<void> {
  const change: Pending = { id: crypto.randomUUID(), kind: 'edit', todoId: seen.id, edit };
  await send(
    change,
    seen.id,
    seen.title,
    () => editTodo(seen, edit),
    () => sendEdit(seen, edit),
  );
}

/** Completes or reopens an item. */
export async function setStatus(todo: Todo, status: Status): Promise<void> {
  const at = new Date().toISOString();
  const change: Pending = { id: crypto.randomUUID(), kind: 'status', todoId: todo.id, status, at };
  if (status === 'completed') {
    const undo = () => setStatus(todo, 'open');
    offerUndo(messages().completedToast(shortTitle(todo.title)), undo);
  }
  await send(
    change,
    todo.id,
    todo.title,
    () => setStatus(todo, status),
    async () => {
      const params = { params: { path: { id: realId(todo.id) } } };
      const answer =
        status === 'completed'
          ? todosApi.POST('/todos/{id}/complete', params)
          : todosApi.POST('/todos/{id}/reopen', params);
      return body(answer);
    },
  );
}

/** Items whose deletion can still be undone. */
const deletions = new Map<string, Todo>();

/** Takes an item off the list; it is deleted for good when the offer to undo is gone, or when the page closes. */
export function deleteTodo(todo: Todo): void {
  if (deletions.has(todo.id)) return;
  const change: Pending = { id: crypto.randomUUID(), kind: 'delete', todoId: todo.id };
  pending.update((changes) => [...changes, change]);
  const commit = () => {
    if (deletions.delete(todo.id)) void commitDeletion(change, todo);
  };
  const cancel = () => {
    deletions.delete(todo.id);
    pending.update((changes) => changes.filter(({ id }) => id !== change.id));
  };
  deletions.set(todo.id, todo);
  offerUndo(messages().deleted(shortTitle(todo.title)), cancel, commit);
}

/**
 * Sends the deletions that wait, when the page closes: such a request outlives the page, but nobody reads its answer.
 * Without a session, they wait for the next one.
 */
export function flushDeletions(): void {
  const token = latestAccessToken();
  for (const [id, todo] of deletions) {
    if (!token) {
      unsettled.set(id, () => deleteTodo(todo));
      continue;
    }
    void fetch(`/api/todos/${realId(id)}`, {
      method: 'DELETE',
      keepalive: true,
      headers: { authorization: `Bearer ${token}` },
    }).catch(() => {
      // The page is gone; the item is still there at the next visit.
    });
  }
  deletions.clear();
}

let lastUndo: (() => void) | null = null;

/** Undoes the last deletion or completion, while its message still shows. */
export function undoLast(): void {
  lastUndo?.();
}

/** Offers to take something back; `settle` runs when the offer is gone. */
function offerUndo(text: string, undo: () => unknown, settle?: () => void): void {
  const once = () => {
    undo();
    dismiss();
  };
  const onGone = () => {
    if (lastUndo === once) lastUndo = null;
    settle?.();
  };
  const dismiss = say(text, { action: { label: messages().undo, run: once }, onGone });
  lastUndo = once;
}

async function commitDeletion(change: Pending, todo: Todo): Promise<void> {
  await send(
    change,
    todo.id,
    todo.title,
    () => {
      deleteTodo(todo);
    },
    async () => {
      const id = realId(todo.id);
      const { response, error } = await todosApi.DELETE('/todos/{id}', { params: { path: { id } } });
      if (!response.ok && response.status !== 404) throw new ApiError(response.status, error);
      return null;
    },
  );
}

async function sendEdit(seen: Todo, edit: Edit): Promise<Todo> {
  const id = realId(seen.id);
  const entry = known.get().items.get(id);
  let base: Todo | undefined = entry && !entry.partial ? entry.todo : await loadTodo(id);
  // Each round lost means that somebody else won it; five in a row do not happen to people.
  for (let round = 0; base && round < 5; round += 1) {
    const { clash } = rebase(seen, base, edit);
    if (clash.length > 0 && base.version !== seen.version) throw new Clash({ newer: base, edit, fields: clash });
    const params = { path: { id }, header: { 'If-Match': `"${base.version}"` } };
    const { data, error, response } = await todosApi.PATCH('/todos/{id}', { params, body: edit });
    if (data) return data;
    if (response.status !== 412) throw new ApiError(response.status, error);
    base = await loadTodo(id);
  }
  throw new ApiError(base ? 412 : 404, undefined);
}

/** Lays the change over the list, sends it for whoever made it alone, and takes it away again when it is settled. */
async function send(
  change: Pending,
  todoId: string,
  title: string,
  again: () => unknown,
  work: () => Promise<Todo | null>,
): Promise<void> {
  pending.update((changes) => (changes.includes(change) ? changes : [...changes, change]));
  unsettled.set(change.id, again);
  const madeBy = author;
  const sendAsAuthor = async () => {
    if (author !== madeBy) throw new SignedOut('who made this change has left');
    return work();
  };
  try {
    const todo = await new MutationObserver(queryClient, {
      mutationFn: sendAsAuthor,
      scope: { id: `todo:${todoId}` },
    }).mutate();
    known.update((items) => (todo ? withAnswer(items, todo, Date.now()) : without(items, realId(todoId))));
    unsettled.delete(change.id);
  } catch (error) {
    if (hasNoSession(error)) return;
    unsettled.delete(change.id);
    if (error instanceof Clash) conflicts.update((met) => [...met, error.conflict]);
    else sayFailed(error, title, again);
  } finally {
    pending.update((changes) => renamed(changes, change).filter(({ id }) => id !== change.id));
  }
}

/** Once a draft has its id, later changes to the draft are changes to the item. */
function renamed(changes: readonly Pending[], settled: Pending): Pending[] {
  if (settled.kind !== 'create') return [...changes];
  const id = realId(settled.todo.id);
  return changes.map((change) =>
    change.kind !== 'create' && change.todoId === settled.todo.id ? { ...change, todoId: id } : change,
  );
}

/** Whether it is only that somebody has to sign in again; the page says so by itself. */
function hasNoSession(error: unknown): boolean {
  return error instanceof SignedOut || (error instanceof ApiError && error.status === 401);
}

function sayFailed(error: unknown, title: string, again: () => unknown): void {
  const m = messages();
  say(`${m.notSaved(shortTitle(title))} ${inWords(error)}`, {
    tone: 'bad',
    action: { label: m.tryAgain, run: () => void again() },
  });
}
