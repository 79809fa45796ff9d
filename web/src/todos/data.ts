// The user's items in this tab: known items, pending changes, and how they are loaded.
import { queryOptions, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import { body, todosApi } from '../api/clients';
import type { components } from '../api/generated/todos';
import { ApiError } from '../api/problem';
import { Store, useStore } from '../store';
import { queryClient } from '../app/query-client';
import { noTodos, withAnswer, withAnswers, withList, without, type Known, type Status, type Todo } from './known';
import { shown, shownDeleted, type Pending, type DisplayedTodo } from './pending';

/** How many items of a status the page loads at most; search and filters work on these. */
export const LIST_LIMIT = 2_000;

export const known = new Store<Known>(noTodos);
export const pending = new Store<readonly Pending[]>([]);

/** The service's ids of items that were created here, by draft id. */
const createdIds = new Map<string, string>();
/** Draft ids by the service's id, so that an item keeps its position on the screen. */
const drafts = new Map<string, string>();

/** Remembers which item a draft became. */
export function recordCreated(draftId: string, id: string): void {
  createdIds.set(draftId, id);
  drafts.set(id, draftId);
}

/** The service's id of an item that may have been a draft when the user changed it. */
export const realId = (id: string): string => createdIds.get(id) ?? id;

/** Identifies an item on the screen while this tab is open. */
export const screenKey = (id: string): string => drafts.get(id) ?? id;

/** All items with their pending changes. */
export function useTodos(): DisplayedTodo[] {
  const items = useStore(known);
  const changes = useStore(pending);
  return useMemo(() => shown(items, changes), [items, changes]);
}

/** One item with its pending changes. */
export function useTodo(id: string): DisplayedTodo | undefined {
  const todos = useTodos();
  return todos.find((todo) => todo.id === id || todo.id === realId(id));
}

export const listQuery = (status: Status) =>
  queryOptions({ queryKey: ['todos', 'list', status], queryFn: () => loadList(status) });

/** Keeps the list of a status loaded while a component shows it. */
export function useTodoList(status: Status, options: { enabled: boolean }): UseQueryResult<{ isCapped: boolean }> {
  return useQuery({ ...listQuery(status), ...options });
}

const deletedQuery = queryOptions({ queryKey: ['todos', 'deleted'], queryFn: loadDeleted });

/** The deleted items with their pending changes, and how they are loaded. */
export function useDeletedTodos(): { todos: DisplayedTodo[]; query: UseQueryResult<Todo[]> } {
  const query = useQuery(deletedQuery);
  const changes = useStore(pending);
  const todos = useMemo(() => shownDeleted(query.data ?? [], changes), [query.data, changes]);
  return { todos, query };
}

/** Loads the deleted items again where they are shown, after a confirmed change of one of them. */
export function refreshDeleted(change: Pending): void {
  const { queryKey } = deletedQuery;
  if (change.kind === 'create' || change.kind === 'edit' || change.kind === 'status') return;
  const id = realId(change.todoId);
  queryClient.setQueryData(queryKey, (list) => {
    const others = list?.filter((todo) => todo.id !== id);
    return change.kind === 'delete' ? others?.concat({ ...change.seen, id, deletedAt: change.at }) : others;
  });
  reloadDeleted(change.id);
}

/**
 * Loads the deleted items again where they are shown. While many are purged, that is after the last one: `confirmed` is the
 * change that is not waited for.
 */
export function reloadDeleted(confirmed?: string): void {
  if (pending.get().some(({ id, kind }) => kind === 'purge' && id !== confirmed)) return;
  void queryClient.invalidateQueries({ queryKey: deletedQuery.queryKey });
}

/** Keeps one item loaded, notes included. */
export function useTodoLoaded(id: string, options: { enabled: boolean }): UseQueryResult<boolean> {
  const queryFn = async () => (await loadTodo(id)) !== undefined;
  return useQuery({ queryKey: ['todos', 'item', id], queryFn, ...options });
}

/** Loads an item; removes one that does not exist any more. */
export async function loadTodo(id: string): Promise<Todo | undefined> {
  try {
    const todo = await body(todosApi.GET('/todos/{id}', { params: { path: { id: realId(id) } } }));
    known.update((items) => withAnswer(items, todo, Date.now()));
    return todo;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    known.update((items) => without(items, realId(id)));
    return undefined;
  }
}

/** Deletes everything before another user signs in. */
export function resetTodos(): void {
  known.update(() => noTodos);
  pending.update(() => []);
}

async function loadList(status: Status): Promise<{ isCapped: boolean }> {
  const askedAt = Date.now();
  // Each page is shown when it arrives.
  const { list, isCapped } = await loadPages(status, (page) =>
    known.update((items) => withAnswers(items, page, askedAt)),
  );
  if (!isCapped) known.update((items) => withList(items, status, list, askedAt));
  return { isCapped };
}

async function loadDeleted(): Promise<Todo[]> {
  return (await loadPages('deleted', () => undefined)).list;
}

async function loadPages(
  status: Status | 'deleted',
  onPage: (todos: Todo[]) => void,
): Promise<{ list: Todo[]; isCapped: boolean }> {
  const list: Todo[] = [];
  let cursor: string | null = null;
  do {
    const page = await loadPage(status, cursor);
    onPage(page.items);
    list.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null && list.length < LIST_LIMIT);
  return { list, isCapped: cursor !== null };
}

function loadPage(status: Status | 'deleted', cursor: string | null): Promise<components['schemas']['TodoPage']> {
  const query = { status, limit: 100, ...(cursor !== null && { cursor }) };
  return body(todosApi.GET('/todos', { params: { query } }));
}
