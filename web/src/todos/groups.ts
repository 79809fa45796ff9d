import type { Messages } from '../i18n/en';
import { dateTimeFormat } from '../i18n/time';
import { daysUntil, isOverdue } from './due';
import type { Filters } from './filters';
import type { DisplayedTodo } from './pending';

export interface Group {
  /** Empty for a list that needs no headings. */
  heading: string;
  rows: DisplayedTodo[];
}

/** Groups items under headings by day in the views that use days. The order of the items is kept. */
export function grouped(
  items: DisplayedTodo[],
  filters: Filters,
  now: Date,
  zone: string,
  language: string,
  m: Pick<Messages, 'overdue' | 'today' | 'dueTomorrow'>,
): Group[] {
  const isGroupedByDay = filters.sort === 'due' && (filters.view === 'today' || filters.view === 'upcoming');
  if (!isGroupedByDay) return [{ heading: '', rows: items }];
  // What is overdue comes first, although a whole day may be sorted before it.
  const groups = new Map<string, DisplayedTodo[]>([[m.overdue, []]]);
  for (const todo of items) {
    const heading = isOverdue(todo, now, zone) ? m.overdue : dayHeading(todo.dueAt, now, zone, language, m);
    groups.set(heading, [...(groups.get(heading) ?? []), todo]);
  }
  return [...groups].filter(([, rows]) => rows.length > 0).map(([heading, rows]) => ({ heading, rows }));
}

function dayHeading(
  dueAt: string | null,
  now: Date,
  zone: string,
  language: string,
  m: Pick<Messages, 'today' | 'dueTomorrow'>,
): string {
  if (dueAt === null) return '';
  const due = new Date(dueAt);
  const days = daysUntil(due, now, zone);
  if (days === 0) return m.today;
  if (days === 1) return m.dueTomorrow;
  const isThisYear = due.getFullYear() === now.getFullYear();
  return dateTimeFormat(language, {
    timeZone: zone,
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(!isThisYear && { year: 'numeric' }),
  }).format(due);
}
