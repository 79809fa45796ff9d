// Which items a list shows and in which order. The page's address holds all of it, so that a view can be kept, shared
// between tabs and left with the back button.
import { daysUntil, isOverdue } from './due';
import type { Todo } from './known';
import { hasTag } from './tags';

export const VIEWS = ['all', 'today', 'upcoming', 'completed'] as const;
export const DUES = ['any', 'overdue', 'today', 'week', 'none'] as const;
export const SORTS = ['newest', 'oldest', 'due', 'priority', 'title'] as const;
export const STATUSES = ['open', 'completed', 'all'] as const;

export interface Filters {
  view: (typeof VIEWS)[number];
  status: (typeof STATUSES)[number];
  due: (typeof DUES)[number];
  sort: (typeof SORTS)[number];
  tag: string;
  text: string;
}

/** Reads the address's parameters; missing or unknown ones get the view's default. */
export function readFilters(params: URLSearchParams): Filters {
  const view = oneOf(VIEWS, params.get('view'), 'all');
  return {
    view,
    status: oneOf(STATUSES, params.get('status'), view === 'completed' ? 'completed' : 'open'),
    due: oneOf(DUES, params.get('due'), 'any'),
    sort: oneOf(SORTS, params.get('sort'), usualSort(view)),
    tag: params.get('tag') ?? '',
    text: params.get('q') ?? '',
  };
}

/** The address's parameters for filters, without the view's defaults. */
export function writeFilters(filters: Filters): URLSearchParams {
  const usual = readFilters(new URLSearchParams(filters.view === 'all' ? '' : { view: filters.view }));
  const params = new URLSearchParams();
  if (filters.view !== 'all') params.set('view', filters.view);
  for (const name of ['status', 'due', 'sort', 'tag'] as const) {
    if (filters[name] !== usual[name]) params.set(name, filters[name]);
  }
  if (filters.text) params.set('q', filters.text);
  return params;
}

/** Whether more than the view itself narrows the list. */
export function hasFilters(filters: Filters): boolean {
  const usual = readFilters(new URLSearchParams({ view: filters.view }));
  return filters.due !== 'any' || filters.tag !== '' || filters.text !== '' || filters.status !== usual.status;
}

/** The items that the filters let through, in their order. */
export function listed<T extends Todo>(todos: readonly T[], filters: Filters, now: Date, zone: string): T[] {
  const words = normal(filters.text).split(/\s+/).filter(Boolean);
  return todos
    .filter((todo) => isInView(todo, filters, now, zone))
    .filter((todo) => filters.tag === '' || hasTag(todo, filters.tag))
    .filter((todo) => isDue(todo, filters.due, now, zone))
    .filter((todo) => words.every((word) => searchText(todo).includes(word)))
    .sort(ORDERS[filters.sort]);
}

/** How many open items each view holds. */
export function counts(todos: readonly Todo[], now: Date, zone: string): { all: number; today: number } {
  const open = todos.filter(({ status }) => status === 'open');
  return {
    all: open.length,
    today: open.filter(({ dueAt }) => dueAt !== null && daysUntil(new Date(dueAt), now, zone) <= 0).length,
  };
}

const searchTexts = new WeakMap<Todo, string>();

/** What a search finds an item by; cached, because each key in the search field asks for every item. */
function searchText(todo: Todo): string {
  const stored = searchTexts.get(todo);
  if (stored !== undefined) return stored;
  // A tag is found with its sign and without.
  const text = normal([todo.title, todo.notes ?? '', ...todo.tags.map((tag) => `#${tag}`)].join(' '));
  searchTexts.set(todo, text);
  return text;
}

function isInView(todo: Todo, filters: Filters, now: Date, zone: string): boolean {
  if (filters.status !== 'all' && todo.status !== filters.status) return false;
  if (filters.view !== 'today' && filters.view !== 'upcoming') return true;
  if (todo.dueAt === null) return false;
  const isLater = daysUntil(new Date(todo.dueAt), now, zone) > 0;
  return filters.view === 'upcoming' ? isLater : !isLater;
}

function isDue(todo: Todo, due: Filters['due'], now: Date, zone: string): boolean {
  const { dueAt } = todo;
  if (due === 'any') return true;
  if (due === 'none' || dueAt === null) return due === 'none' && dueAt === null;
  if (due === 'overdue') return isOverdue(todo, now, zone);
  const days = daysUntil(new Date(dueAt), now, zone);
  return due === 'today' ? days === 0 : days >= 0 && days < 7;
}

const PRIORITY = { high: 0, normal: 1, low: 2 };
const byAge = (one: Todo, other: Todo) => ordered(other.createdAt, one.createdAt) || ordered(other.id, one.id);
const byDue = (one: Todo, other: Todo) => time(one.dueAt) - time(other.dueAt) || byAge(one, other);
const byCompletion = (one: Todo, other: Todo) =>
  ordered(other.completedAt ?? '', one.completedAt ?? '') || byAge(one, other);

const ORDERS: Record<Filters['sort'], (one: Todo, other: Todo) => number> = {
  newest: (one, other) =>
    one.completedAt !== null && other.completedAt !== null ? byCompletion(one, other) : byAge(one, other),
  oldest: (one, other) => byAge(other, one),
  due: byDue,
  priority: (one, other) => PRIORITY[one.priority] - PRIORITY[other.priority] || byDue(one, other),
  title: (one, other) => one.title.localeCompare(other.title) || byAge(one, other),
};

/** The order of moments and ids, which is the one of their characters. */
function ordered(one: string, other: string): number {
  return Number(one > other) - Number(one < other);
}

function time(moment: string | null): number {
  return moment === null ? Number.MAX_SAFE_INTEGER : Date.parse(moment);
}

function normal(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

function usualSort(view: Filters['view']): Filters['sort'] {
  return view === 'today' || view === 'upcoming' ? 'due' : 'newest';
}

function oneOf<T extends string>(allowed: readonly T[], value: string | null, otherwise: T): T {
  return allowed.find((one) => one === value) ?? otherwise;
}
