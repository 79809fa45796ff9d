import type { Priority } from './known';
import { dayAfter, daysToWeekday, defaultTime } from './due';

/** The parts of a typed line. */
export interface QuickTodo {
  title: string;
  dueAt: string | null;
  priority: Priority;
  tags: string[];
}

const PRIORITIES: Record<string, Priority> = {
  high: 'high',
  hoch: 'high',
  wichtig: 'high',
  normal: 'normal',
  low: 'low',
  niedrig: 'low',
};

const WEEKDAYS: Record<string, number> = {
  sunday: 0,
  sonntag: 0,
  monday: 1,
  montag: 1,
  tuesday: 2,
  dienstag: 2,
  wednesday: 3,
  mittwoch: 3,
  thursday: 4,
  donnerstag: 4,
  friday: 5,
  freitag: 5,
  saturday: 6,
  samstag: 6,
};

/**
 * Reads `Buy milk #shopping !high tomorrow`. A tag or a priority counts anywhere in the line; a day only as its last
 * word (with or without `on`, `am`), so that "Plan Monday meeting" stays a title. A line without any other text is the
 * title as a whole.
 */
export function readLine(line: string, now: Date, zone: string): QuickTodo {
  const tags: string[] = [];
  let priority: Priority = 'normal';
  const words = line
    .trim()
    .split(/\s+/)
    .filter((word) => {
      const tag = /^#([^\s#]{1,50})$/u.exec(word)?.[1];
      if (tag) {
        if (!tags.includes(tag) && tags.length < 20) tags.push(tag);
        return false;
      }
      const level = PRIORITIES[/^!(\p{L}+)$/u.exec(word)?.[1]?.toLowerCase() ?? ''];
      if (level) priority = level;
      return !level;
    });
  const days = daysOf(words.at(-1) ?? '', now, zone);
  if (days !== null && words.length > 1) {
    words.pop();
    if (words.length > 1 && /^(on|am)$/i.test(words.at(-1) ?? '')) words.pop();
  }
  const dueAt = days === null || words.length === 0 ? null : dayAfter(now, days, defaultTime(now, days, zone), zone);
  const title = words.join(' ');
  if (title === '') return { title: line.trim(), dueAt: null, priority: 'normal', tags: [] };
  const isWhole = days !== null && words.length === 1 && title === line.trim();
  return { title, dueAt: isWhole ? null : (dueAt?.toISOString() ?? null), priority, tags };
}

function daysOf(word: string, now: Date, zone: string): number | null {
  const day = word.toLowerCase();
  if (day === 'today' || day === 'heute') return 0;
  if (day === 'tomorrow' || day === 'morgen') return 1;
  const weekday = WEEKDAYS[day];
  return weekday === undefined ? null : daysToWeekday(now, weekday, zone);
}
