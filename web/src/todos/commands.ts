// What the user does to items. Each change shows at once and is sent in the background, one after the other for each
// item, again and again while the service does not answer; a change that is refused is taken back and said so. What is
// not settled is kept on this device: see `waiting.ts`.
import { MutationObserver, onlineManager } from '@tanstack/react-query';
import { body, todosApi } from '../api/clients';
import { ApiError, SignedOut } from '../api/problem';
import { inWords } from '../app/failure';
import { queryClient } from '../app/query-client';
import { unreachable } from '../app/reachability';
import { latestAccessToken } from '../auth/session';
import { messages } from '../i18n/i18n';
import { Store } from '../store';
import { say, shortTitle } from '../ui/toasts';
import { known, loadTodo, noteCreated, pending, realId, screenKey } from './data';
import { withAnswer, without, type Status, type Todo } from './known';
import { giveBack } from './line';
import { rebase, type Edit, type Pending } from './pending';
import type { QuickTodo } from './quick-add';
import { forgetTurns, inTurn } from './turns';
import { forgetUndos, offerUndo } from './undo';
import { countWaiting, keepWaiting } from './waiting';

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

/** The time from a sign-in to its end. What began in an earlier one is not sent in the name of whoever comes next. */
let term: object | null = null;

/** Who was here last: a session of the same person goes on with the conflicts of the one before. */
let author = '';

/**
 * Sends what waits on this device since somebody was here last, and keeps what they do from now on. The returned
 * function ends that, with their session.
 */
export function startWork(person: string): () => void {
  if (person !== author) conflicts.update(() => []);
  author = person;
  term = {};
  const stopKeeping = keepWaiting(person, (changes) => changes.forEach((change) => void send(change)));
  return () => {
    stopKeeping();
    endTerm();
  };
}

function endTerm(): void {
  term = null;
  forgetTurns();
  forgetUndos();
  deletions.clear();
}

/** How long a person who signs out waits for what is under way, in milliseconds. */
const LEAVE_MS = 2_000;

/** Gives what is under way a moment to come through, and returns how many changes of a person wait all the same. */
export async function finishWork(person: string): Promise<number> {
  deletions.forEach((commit) => commit());
  if (onlineManager.isOnline()) await Promise.race([nothingPending(), pause(LEAVE_MS)]);
  return countWaiting(person);
}

function nothingPending(): Promise<void> {
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
    id: crypto.randomUUID(),
    notes: null,
    status: 'open',
    completedAt: null,
    createdAt: now,
    updatedAt: now,
    version: 0,
  };
  void send({ id: draft.id, kind: 'create', todo: draft, line });
  return draft;
}

/** Changes fields of an item that the user saw as `seen`. */
export function editTodo(seen: Todo, edit: Edit): void {
  void send({ id: crypto.randomUUID(), kind: 'edit', todoId: realId(seen.id), seen, edit });
}

/** Completes or reopens an item. */
export function setStatus(seen: Todo, status: Status): void {
  const at = new Date().toISOString();
  if (status === 'completed')
    offerUndo(messages().completedToast(shortTitle(seen.title)), () => setStatus(seen, 'open'));
  void send({ id: crypto.randomUUID(), kind: 'status', todoId: realId(seen.id), seen, status, at });
}

/** What sends the deletions that can still be undone, by item. */
const deletions = new Map<string, () => void>();

/** Takes an item off the list; it is deleted for good when the offer to undo is gone, or when the page closes. */
export function deleteTodo(seen: Todo): void {
  if (deletions.has(seen.id)) return;
  const change: Pending = { id: crypto.randomUUID(), kind: 'delete', todoId: realId(seen.id), seen };
  pending.update((changes) => [...changes, change]);
  const commit = () => {
    if (deletions.delete(seen.id)) void send(change);
  };
  const cancel = () => {
    if (deletions.delete(seen.id)) takeAway(change);
  };
  deletions.set(seen.id, commit);
  offerUndo(messages().deleted(shortTitle(seen.title)), cancel, commit);
}

/**
 * Sends the deletions that can still be undone, when the page closes: such a request outlives the page, but nobody reads
 * its answer. While the service does not answer they are kept instead, for the next visit.
 */
export function flushDeletions(): void {
  const token = latestAccessToken();
  if (!token || !onlineManager.isOnline() || unreachable.get().has('todos')) return;
  for (const change of pending.get()) {
    if (change.kind !== 'delete' || !deletions.has(change.seen.id)) continue;
    void fetch(`/api/todos/${realId(change.todoId)}`, {
      method: 'DELETE',
      keepalive: true,
      headers: { authorization: `Bearer ${token}` },
    }).catch(() => {
      // The page is gone: nobody is left to be told.
    });
    takeAway(change);
  }
}

/** Lays the change over the list, sends it when its turn has come, and takes it away again when it is settled. */
async function send(change: Pending): Promise<void> {
  const current = term;
  if (!current) return;
  if (!isWaiting(change)) pending.update((changes) => [...changes, change]);
  const attempt = () => {
    if (current !== term) throw new SignedOut('the session in which this was changed is over');
    return request(change);
  };
  await inTurn(lanesOf(change), async () => {
    if (current !== term || !isWaiting(change)) return;
    try {
      const todo = await new MutationObserver(queryClient, { mutationFn: attempt }).mutate();
      if (current !== term) return;
      known.update((items) => (todo ? withAnswer(items, todo, Date.now()) : without(items, realId(idOf(change)))));
      takeAway(change);
    } catch (error) {
      // Without a session the change stays as it is kept, for the next one.
      if (current !== term || hasNoSession(error)) return;
      takeBack(change, error);
    }
  });
}

const isWaiting = ({ id }: Pending) => pending.get().some((change) => change.id === id);
const idOf = (change: Pending) => (change.kind === 'create' ? change.id : change.todoId);

/** Changes of an item go one after the other; new items do so too, as the service orders them by when they came. */
function lanesOf(change: Pending): string[] {
  const own = screenKey(idOf(change));
  return change.kind === 'create' ? ['new', own] : [own];
}

/** The request of a change; returns the item as it is afterwards, `null` when it is gone. */
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
    case 'delete': {
      const { response, error } = await todosApi.DELETE('/todos/{id}', { params });
      if (!response.ok && response.status !== 404) throw new ApiError(response.status, error);
      return null;
    }
  }
}

async function sendCreate({ id, todo }: Pending & { kind: 'create' }): Promise<Todo> {
  const { title, dueAt, priority, tags } = todo;
  const params = { header: { 'Idempotency-Key': id } };
  const made = await body(todosApi.POST('/todos', { params, body: { title, dueAt, priority, tags } }));
  noteCreated(id, made.id);
  return made;
}

async function sendEdit(id: string, seen: Todo, edit: Edit): Promise<Todo> {
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

/** Once a draft has its id, later changes to the draft are changes to the item. */
function takeAway(settled: Pending): void {
  const draft = settled.kind === 'create' ? settled.id : null;
  pending.update((changes) =>
    changes
      .filter(({ id }) => id !== settled.id)
      .map((change) =>
        change.kind !== 'create' && change.todoId === draft ? { ...change, todoId: realId(draft) } : change,
      ),
  );
}

/** Takes a change back that was refused; without a draft there is nothing that its later changes could change. */
function takeBack(change: Pending, error: unknown): void {
  pending.update((changes) =>
    changes.filter((other) => other.id !== change.id && (change.kind !== 'create' || idOf(other) !== change.id)),
  );
  if (error instanceof Clash) {
    conflicts.update((met) => [...met, error.conflict]);
    return;
  }
  const m = messages();
  const isNew = change.kind === 'create';
  const text = `${m.notSaved(shortTitle(isNew ? change.todo.title : change.seen.title))} ${inWords(error)}`;
  if (isNew) giveBack(change.line);
  say(text, {
    tone: 'bad',
    ...(!isNew && { action: { label: m.tryAgain, run: () => void send(change) } }),
  });
}

/** Whether it is only that somebody has to sign in again; the page says so by itself. */
function hasNoSession(error: unknown): boolean {
  return error instanceof SignedOut || (error instanceof ApiError && error.status === 401);
}
