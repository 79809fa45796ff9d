import { describe, expect, test } from 'vitest';
import documented from '../../../docs/limits.md?raw';
import { de } from '../i18n/de';
import { en } from '../i18n/en';
import { formatLimit, LIMITS } from './limits';

/** Rows of the documented table that the page does not show, each with its reason. */
const LEFT_OUT = new Map([['users: minutes that a token is valid', 'The page renews it, and nothing is refused.']]);

/** What the page tells of an answer beyond a limit. */
const ANSWERS: Record<string, readonly (typeof LIMITS)[number]['beyond'][]> = {
  429: ['limitNextMinute', 'limitSentLater', 'limitTomorrow'],
  409: ['limitMakeRoom', 'limitRefused'],
  400: ['limitRefused'],
  'one more tells of the rest, which the inbox has': ['limitOneMoreMail'],
  'closes the oldest': ['limitOldestWindow'],
  deleted: ['limitDeleted'],
};

const rows = [...documented.matchAll(/^\| *([a-z-]+) *\| *([^|]+?) *\| *(\d+) *\| *([^|]+?) *\|$/gm)].map(
  ([, service, what, limit, beyond = '']) => ({ name: `${service}: ${what}`, limit: Number(limit), beyond }),
);
const shown = LIMITS.map(({ documentedAs }) => documentedAs);

describe('the limits of the settings page are those of docs/limits.md', () => {
  test('which has a table', () => expect(rows.length).toBeGreaterThan(10));

  test.each(rows.filter(({ name }) => !LEFT_OUT.has(name)))('$name', ({ name, limit, beyond }) => {
    const row = LIMITS.find(({ documentedAs }) => documentedAs === name);
    expect(row, `web/src/settings/limits.ts has no row for “${name}”`).toBeDefined();
    expect(row?.value, `the limit of “${name}”`).toBe(limit);
    expect(ANSWERS[beyond], `what the page tells of “${name}”, beyond which is “${beyond}”`).toContain(row?.beyond);
  });

  test('and no other', () => {
    const names = rows.map(({ name }) => name);
    expect(shown.filter((name) => LEFT_OUT.has(name))).toEqual([]);
    expect(shown.filter((name) => !names.includes(name))).toEqual([]);
    expect([...LEFT_OUT.keys()].filter((name) => !names.includes(name))).toEqual([]);
    expect(new Set(shown).size).toBe(shown.length);
  });
});

test('each row has its own name in both languages', () => {
  for (const messages of [en, de]) expect(new Set(LIMITS.map(({ name }) => messages[name])).size).toBe(LIMITS.length);
});

test('a limit is formatted as the language does', () => {
  expect(formatLimit({ value: 10_000 }, 'en')).toBe('10,000');
  expect(formatLimit({ value: 10_000 }, 'de')).toBe('10.000');
  expect(formatLimit({ value: 5_368_709_120, unit: 'bytes' }, 'en')).toBe('5 GB');
  expect(formatLimit({ value: 52_428_800, unit: 'bytes' }, 'de')).toBe('50 MB');
  expect(formatLimit({ value: 90, unit: 'days' }, 'de')).toBe('90 Tage');
});
