import { expect, test } from 'vitest';
import { cut, lengthOf, oneLine } from './text';

test('an emoji is one character and is never split', () => {
  expect(lengthOf('a🚌')).toBe(2);
  expect(cut('a🚌b', 2)).toBe('a🚌');
  expect(cut('a🚌b', 1)).toBe('a');
});

test('a title of several lines becomes one', () => {
  expect(oneLine('  Buy\n milk ')).toBe('Buy milk');
});
