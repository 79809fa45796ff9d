import { expect, test } from 'vitest';
import { readLine } from './quick-add';

const NOW = new Date('2026-11-21T10:00:00Z'); // a Saturday
const read = (line: string) => readLine(line, NOW, 'UTC');
const plain = { dueAt: null, priority: 'normal', tags: [] };

test('a plain line is a title', () => {
  expect(read('  Buy   milk ')).toEqual({ ...plain, title: 'Buy milk' });
});

test('tags, a priority and a day are removed from the title', () => {
  expect(read('Buy milk #shopping !high tomorrow')).toEqual({
    title: 'Buy milk',
    tags: ['shopping'],
    priority: 'high',
    dueAt: '2026-11-22T09:00:00.000Z',
  });
});

test('words of both languages are understood', () => {
  expect(read('Milch kaufen !wichtig am Montag')).toEqual({
    ...plain,
    title: 'Milch kaufen',
    priority: 'high',
    dueAt: '2026-11-23T09:00:00.000Z',
  });
});

test('a day counts only as the last word', () => {
  expect(read('Plan Monday meeting')).toEqual({ ...plain, title: 'Plan Monday meeting' });
});

test('a line of only a day or a tag is a title', () => {
  expect(read('Tomorrow')).toEqual({ ...plain, title: 'Tomorrow' });
  expect(read('#home')).toEqual({ ...plain, title: '#home' });
});

test('a repeated tag counts once', () => {
  expect(read('Sweep #home #home').tags).toEqual(['home']);
});

test('marks without a meaning stay', () => {
  expect(read('Wow ! # done !!').title).toBe('Wow ! # done !!');
});
