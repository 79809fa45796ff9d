import { memo, useDeferredValue, useEffect, useMemo, useRef, useState, type RefObject } from 'react';
import { Link, useLocation } from 'wouter';
import { useShortcuts } from '../app/shortcuts';
import { useNow } from '../app/use-now';
import { useSearch } from '../app/use-search';
import { useTitle } from '../app/use-title';
import { useLanguage, useMessages } from '../i18n/i18n';
import { useTimeZone } from '../i18n/time';
import { useStore } from '../store';
import { Skeleton, Button, buttonClass, Empty } from '../ui/controls';
import { CalendarIcon, CheckIcon, DoneIcon, SearchIcon, TodayIcon } from '../ui/icons';
import { AddTodo } from './add-todo';
import { deleteTodo, setStatus } from './commands';
import { LIST_LIMIT, screenKey, useTodoList, useTodos } from './data';
import { FilterBar } from './filter-bar';
import { hasFilters, listed, readFilters, writeFilters, type Filters } from './filters';
import { grouped } from './groups';
import { held, withHeld } from './held';
import css from './list-page.module.css';
import { doesNotLoad, NotLoaded } from './not-loaded';
import type { DisplayedTodo } from './pending';
import { recordView } from './list-position';
import { focusedRow, moveFocus, useKeepRowFocus } from './row-focus';
import { TodoRow } from './todo-row';

/** The user's list, in one of its views. */
export default function ListPage() {
  const m = useMessages();
  const [, navigate] = useLocation();
  const search = useSearch();
  const filters = readFilters(new URLSearchParams(search));
  // A key that is pressed in the search shows at once; a long list follows.
  const listedSearch = useDeferredValue(search);
  useEffect(() => recordView(`/${search}`), [search]);
  const change = (next: Filters) => {
    const params = writeFilters(next).toString();
    navigate(params ? `/?${params}` : '/', { replace: true });
  };
  const field = useRef<HTMLInputElement>(null);
  const title = filters.tag !== '' && filters.view === 'all' ? `#${filters.tag}` : m[filters.view];
  useTitle(title);
  return (
    <>
      <header className={css['head']}>
        <h1 tabIndex={-1}>
          <bdi>{title}</bdi>
        </h1>
        <FilterBar filters={filters} onChange={change} />
      </header>
      {filters.status !== 'completed' && <AddTodo field={field} filters={filters} />}
      <List search={listedSearch} field={field} />
    </>
  );
}

/** How many rows are complete at once: more than a screen shows. */
const FIRST_ROWS = 30;

interface ListProps {
  /** The parameters of the address. */
  search: string;
  field: RefObject<HTMLInputElement | null>;
}

const List = memo(function List({ search, field }: ListProps) {
  const filters = useMemo(() => readFilters(new URLSearchParams(search)), [search]);
  const [, navigate] = useLocation();
  const m = useMessages();
  const language = useLanguage();
  const now = useNow();
  const zone = useTimeZone();
  const todos = useTodos();
  const open = useTodoList('open', { enabled: true });
  const completed = useTodoList('completed', { enabled: filters.status !== 'open' });
  const queries = filters.status === 'open' ? [open] : filters.status === 'completed' ? [completed] : [open, completed];

  const heldRows = useStore(held);
  const inList = useMemo(() => listed(todos, filters, now, zone), [todos, filters, now, zone]);
  const items = heldRows.size === 0 ? inList : withHeld(todos, heldRows, (all) => listed(all, filters, now, zone));
  const [editing, setEditing] = useState<string | null>(null);
  useRowKeys(items, setEditing, field);
  useKeepRowFocus();

  if (items.length === 0) {
    if (queries.some(doesNotLoad)) return <NotLoaded retry={() => queries.forEach((q) => void q.refetch())} />;
    if (queries.some(({ isPending }) => isPending)) return <Skeleton />;
    return <EmptyList filters={filters} onClear={() => navigate(clearedPath(filters))} />;
  }
  const staying = heldRows.size > 0 ? new Set(inList) : null;
  const first = new Set(items.slice(0, FIRST_ROWS));
  return (
    <>
      {grouped(items, filters, now, zone, language, m).map(({ heading, rows }) => (
        <section key={heading} className={css['group']}>
          {heading && <h2>{heading}</h2>}
          <ul aria-label={heading || m.todoList}>
            {rows.map((todo) => (
              <TodoRow
                key={screenKey(todo.id)}
                todo={todo}
                isLeaving={staying !== null && !staying.has(todo)}
                isFirst={first.has(todo)}
                isEditing={editing === screenKey(todo.id)}
                onEdit={setEditing}
              />
            ))}
          </ul>
        </section>
      ))}
      {queries.some(({ data }) => data?.isCapped) && <p className={css['foot']}>{m.listCapped(LIST_LIMIT)}</p>}
    </>
  );
});

const NO_MATCH = {
  all: { Glyph: CheckIcon, title: 'emptyAllTitle', text: 'emptyAllText' },
  today: { Glyph: TodayIcon, title: 'emptyTodayTitle', text: 'emptyTodayText' },
  upcoming: { Glyph: CalendarIcon, title: 'emptyUpcomingTitle', text: 'emptyUpcomingText' },
  completed: { Glyph: DoneIcon, title: 'emptyCompletedTitle', text: 'emptyCompletedText' },
} as const;

function EmptyList({ filters, onClear }: { filters: Filters; onClear: () => void }) {
  const m = useMessages();
  if (hasFilters(filters)) {
    return (
      <Empty glyph={<SearchIcon size={28} />} title={m.emptySearchTitle}>
        <p>{m.emptySearchText}</p>
        <Button onClick={onClear}>{m.clearFilters}</Button>
      </Empty>
    );
  }
  const { Glyph, title, text } = NO_MATCH[filters.view];
  return (
    <Empty glyph={<Glyph size={28} />} title={m[title]}>
      <p>{m[text]}</p>
      {filters.view === 'today' && (
        <Link href="/?view=upcoming" className={buttonClass('plain')}>
          {m.upcoming}
        </Link>
      )}
    </Empty>
  );
}

/** Moves through the rows and acts on the focused one by key. */
function useRowKeys(
  items: DisplayedTodo[],
  edit: (key: string) => void,
  field: RefObject<HTMLInputElement | null>,
): void {
  const [, navigate] = useLocation();
  const withFocused = (act: (todo: DisplayedTodo) => void) => () => {
    const key = focusedRow();
    const todo = items.find(({ id }) => screenKey(id) === key);
    if (todo) act(todo);
  };
  useShortcuts({
    n: () => field.current?.focus(),
    j: () => moveFocus(1),
    k: () => moveFocus(-1),
    ArrowDown: () => moveFocus(1),
    ArrowUp: () => moveFocus(-1),
    x: withFocused((todo) => setStatus(todo, todo.status === 'open' ? 'completed' : 'open')),
    e: withFocused((todo) => edit(screenKey(todo.id))),
    o: withFocused((todo) => navigate(`/todos/${todo.id}`)),
    '#': withFocused(deleteTodo),
  });
}

function clearedPath(filters: Filters): string {
  return filters.view === 'all' ? '/' : `/?view=${filters.view}`;
}
