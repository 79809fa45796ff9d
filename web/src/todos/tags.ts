import type { Todo } from './known';
import { cut } from './text';

/** How many tags an item bears at most. */
export const MAX_TAGS = 20;

/** The longest tag, in characters. */
const MAX_TAG_LENGTH = 50;

/** The tags of open items by name. Tags that differ in capitals alone are one, in the spelling that was met first. */
export function tagsOf(todos: readonly Todo[], language: string): string[] {
  const tags = new Map<string, string>();
  for (const { status, tags: own } of todos) {
    if (status === 'open') own.forEach((tag) => tags.set(folded(tag), tags.get(folded(tag)) ?? tag));
  }
  return [...tags.values()].sort(new Intl.Collator(language, { numeric: true }).compare);
}

/**
 * An item's tags with those that were written, between commas, after them. One in use is spelled as it is there, whatever
 * its capitals: for the service `Shop` and `shop` are two tags. Tags beyond the limit are returned as left over.
 */
export function withTags(
  tags: readonly string[],
  written: string,
  inUse: readonly string[],
): { tags: string[]; leftOver: string } {
  const next = [...tags];
  const leftOver: string[] = [];
  for (const part of written.split(',')) {
    const tag = cut(part.trim().replace(/^#/, ''), MAX_TAG_LENGTH).trim();
    if (tag === '' || next.some((one) => isSame(one, tag))) continue;
    if (next.length < MAX_TAGS) next.push(inUse.find((one) => isSame(one, tag)) ?? tag);
    else leftOver.push(tag);
  }
  return { tags: next, leftOver: leftOver.join(', ') };
}

/** The tags, each once, in the spelling that is in use. */
export function spelledAs(inUse: readonly string[], tags: readonly string[]): string[] {
  const known = new Map(inUse.map((tag) => [folded(tag), tag]));
  const spelled = new Map<string, string>();
  for (const tag of tags) {
    const key = folded(tag);
    if (!spelled.has(key)) spelled.set(key, known.get(key) ?? tag);
  }
  return [...spelled.values()];
}

/** Whether an item has a tag, whatever its capitals. */
export const hasTag = ({ tags }: Pick<Todo, 'tags'>, tag: string): boolean => tags.some((one) => isSame(one, tag));

function isSame(one: string, other: string): boolean {
  return folded(one) === folded(other);
}

/** The same for all spellings of a tag. */
export const folded = (tag: string): string => tag.normalize('NFC').toLowerCase();
