// The user's items in this tab: known items, pending changes, and how they are loaded.
import { queryOptions, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import { body, todosApi } from '../api/clients';
import type { components } from '../api/generated/todos';
import { ApiError } from '../api/problem';
import { Store, useStore } from '../store';
import { noTodos, withAnswer, withAnswers, withList, without, type Known, type Status, type Todo } from './known';
import { shown, type Pending, type DisplayedTodo } from './pending';

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
  const list: Todo[] = [];
  let cursor: string | null = null;
  do {
    const page = await loadPage(status, cursor);
    // Each page is shown when it arrives.
    known.update((items) => withAnswers(items, page.items, askedAt));
    list.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null && list.length < LIST_LIMIT);
  if (cursor !== null) return { isCapped: true };
  known.update((items) => withList(items, status, list, askedAt));
  return { isCapped: false };
}

function loadPage(status: Status, cursor: string | null): Promise<components['schemas']['TodoPage']> {
  const query = { status, limit: 100, ...(cursor !== null && { cursor }) };
  return body(todosApi.GET('/todos', { params: { query } }));
}
