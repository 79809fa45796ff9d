import type { Todo } from './known';
import { cut } from './text';

/** How many tags an item bears at most. */
export const MAX_TAGS = 20;

/** The longest tag, in characters. */
const MAX_TAG_LENGTH = 50;

/** The tags of open items, each once, by name. */
export function tagsOf(todos: readonly Todo[], language: string): string[] {
  const tags = new Set(todos.filter(({ status }) => status === 'open').flatMap(({ tags }) => tags));
  return [...tags].sort(new Intl.Collator(language, { numeric: true }).compare);
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

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
