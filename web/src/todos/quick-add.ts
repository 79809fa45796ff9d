import type { FoundDate } from './dates';
import { NO_DUE } from './due';
import type { Priority } from './known';
import { folded, MAX_TAGS } from './tags';

/** The meaning of a typed line. */
export interface QuickTodo {
  title: string;
  dueAt: string | null;
  /** Whether it has a day without a time. */
  allDay: boolean;
  priority: Priority;
  tags: string[];
}

/** A recognised part of the line: the characters from `start` up to `end`. */
export type Part = { start: number; end: number } & (
  | { kind: 'due'; dueAt: string; allDay: boolean }
  | { kind: 'priority'; priority: Priority }
  | { kind: 'tag'; tag: string }
);

const PRIORITIES: Record<string, Priority> = {
  high: 'high',
  hoch: 'high',
  wichtig: 'high',
  normal: 'normal',
  low: 'low',
  niedrig: 'low',
};

/**
 * Reads `Buy milk #shopping !high tomorrow`. Parts with a text of `plain`, and whatever is in quotation marks, stay in the
 * title. A line without any other text is the title as a whole.
 */
export function readLine(
  line: string,
  plain: readonly string[],
  findDate: (text: string) => FoundDate[],
): { todo: QuickTodo; parts: Part[]; hasTooManyTags: boolean } {
  const text = plain.reduce((rest, part) => rest.replaceAll(wholeWords(part), hide), line).replaceAll(QUOTED, hide);
  const found = [...text.matchAll(/\S+/g)].map(readWord).filter((part) => part !== null);
  const words = withinLimit(found);
  const hasTooManyTags = words.length < found.length;
  const withoutWords = words.reduce((rest, part) => blank(rest, part), text);
  const due = findDate(withoutWords);
  const dueParts = due.map((part) => ({ ...part, kind: 'due' as const, dueAt: part.dueAt.toISOString() }));
  const parts: Part[] = [...words, ...dueParts];
  parts.sort((one, other) => one.start - other.start);
  const title = parts
    .reduce((rest, part) => blank(rest, part), line)
    .trim()
    .split(/\s+/)
    .join(' ');
  if (title === '') {
    const todo: QuickTodo = { title: line.trim(), ...NO_DUE, priority: 'normal', tags: [] };
    return { todo, parts: [], hasTooManyTags: false };
  }
  return { todo: { title, ...meaning(parts) }, parts, hasTooManyTags };
}

const QUOTED = /"[^"]+"|“[^”]+”|„[^“”]+[“”]|‚[^‘]+‘|«[^»]+»|»[^«]+«/g;

/** A tag holds more than digits: `#42` is the number of something. */
function readWord({ 0: word, index: start }: RegExpMatchArray & { index: number }): Part | null {
  const place = { start, end: start + word.length };
  const tag = /^#([^\s#]{1,50})$/u.exec(word)?.[1];
  if (tag && !/^\p{N}+$/u.test(tag)) return { kind: 'tag', tag, ...place };
  const priority = PRIORITIES[/^!(\p{L}+)$/u.exec(word)?.[1]?.toLowerCase() ?? ''];
  return priority ? { kind: 'priority', priority, ...place } : null;
}

/** Tags beyond the limit stay text. */
function withinLimit(words: Part[]): Part[] {
  const tags = new Set(words.flatMap((part) => (part.kind === 'tag' ? [folded(part.tag)] : [])));
  const allowed = new Set([...tags].slice(0, MAX_TAGS));
  return words.filter((part) => part.kind !== 'tag' || allowed.has(folded(part.tag)));
}

function meaning(parts: Part[]): Omit<QuickTodo, 'title'> {
  const tags = [...new Set(parts.flatMap((part) => (part.kind === 'tag' ? [part.tag] : [])))];
  const priorities = parts.flatMap((part) => (part.kind === 'priority' ? [part.priority] : []));
  const due = parts.find((part) => part.kind === 'due');
  const { dueAt, allDay } = due ?? NO_DUE;
  return { dueAt, allDay, priority: priorities.at(-1) ?? 'normal', tags };
}

/** The text of a part, but not as a piece of a longer word. */
function wholeWords(part: string): RegExp {
  const text = part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(String.raw`(?<![\p{L}\p{N}])${text}(?![\p{L}\p{N}])`, 'giu');
}

/** As many characters that stand for no part. */
const hide = (text: string): string => '_'.repeat(text.length);

/** The text with as many spaces instead of a part. */
const blank = (text: string, { start, end }: Part): string =>
  text.slice(0, start) + ' '.repeat(end - start) + text.slice(end);
