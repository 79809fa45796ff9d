import { expect, test } from 'vitest';
import { counts, hasFilters, listed, readFilters, writeFilters } from './filters';
import { sample } from './sample';

const NOW = new Date('2026-11-21T10:00:00Z');
const filters = (search: string) => readFilters(new URLSearchParams(search));
const todos = [
  sample({ id: 'late', title: 'Late', dueAt: '2026-11-20T10:00:00Z', priority: 'low' }),
  sample({ id: 'now', title: 'Now', dueAt: '2026-11-21T18:00:00Z', tags: ['home'] }),
  sample({ id: 'soon', title: 'Soon', dueAt: '2026-11-25T18:00:00Z', priority: 'high' }),
  sample({ id: 'far', title: 'Far', dueAt: '2027-01-25T18:00:00Z', notes: 'Ask Zoë' }),
  sample({ id: 'some', title: 'Someday', createdAt: '2026-11-21T09:00:00Z' }),
  sample({ id: 'done', title: 'Done', status: 'completed', completedAt: '2026-11-21T09:00:00Z', tags: ['old'] }),
];
const ids = (search: string) => listed(todos, filters(search), NOW, 'UTC').map(({ id }) => id);

test('each view shows its items', () => {
  expect(ids('').sort()).toEqual(['far', 'late', 'now', 'some', 'soon']);
  expect(ids('view=today')).toEqual(['late', 'now']);
  expect(ids('view=upcoming')).toEqual(['soon', 'far']);
  expect(ids('view=completed')).toEqual(['done']);
  expect(ids('status=all')).toContain('done');
});

test('the due filter narrows a view', () => {
  expect(ids('due=overdue')).toEqual(['late']);
  expect(ids('due=today')).toEqual(['now']);
  expect(ids('due=week&sort=due')).toEqual(['now', 'soon']);
  expect(ids('due=none')).toEqual(['some']);
});

test('a whole day is overdue once it has ended', () => {
  const day = (dueAt: string) => [sample({ dueAt, allDay: true })];
  const count = (dueAt: string, search: string) => listed(day(dueAt), filters(search), NOW, 'UTC').length;
  expect(count('2026-11-21T09:00:00Z', 'due=overdue')).toBe(0);
  expect(count('2026-11-21T09:00:00Z', 'due=today')).toBe(1);
  expect(count('2026-11-20T09:00:00Z', 'due=overdue')).toBe(1);
});

test('search finds each word in titles, notes and tags, ignoring accents', () => {
  expect(ids('q=zoe')).toEqual(['far']);
  expect(ids('q=HOME+no')).toEqual(['now']);
  expect(ids('q=nothing')).toEqual([]);
  expect(ids('q=%23Home')).toEqual(['now']);
  expect(ids('tag=HOME')).toEqual(['now']);
});

test('each sort order is correct', () => {
  expect(ids('sort=title')).toEqual(['far', 'late', 'now', 'some', 'soon']);
  expect(ids('sort=priority')[0]).toBe('soon');
  expect(ids('sort=due').at(-1)).toBe('some');
  expect(ids('')[0]).toBe('some');
});

test('the address holds filters without the defaults', () => {
  for (const search of ['', 'view=today', 'view=completed&tag=home', 'due=week&sort=title&q=milk', 'status=all']) {
    expect(filters(writeFilters(filters(search)).toString())).toEqual(filters(search));
  }
  expect(writeFilters(filters('view=today&sort=due')).toString()).toBe('view=today');
});

test('an invalid address shows the default list', () => {
  expect(filters('view=nowhere&sort=%00&due=yes')).toEqual(filters(''));
});

test('a view alone is not a filter', () => {
  expect(hasFilters(filters('view=completed'))).toBe(false);
  expect(hasFilters(filters('view=completed&tag=home'))).toBe(true);
});

test('open items are counted', () => {
  expect(counts(todos, NOW, 'UTC')).toEqual({ all: 5, today: 2 });
});
