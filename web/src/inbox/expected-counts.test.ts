import { expect, test } from 'vitest';
import { matchExpectedCount } from './expected-counts';

const count = (unread: number, until = 10) => ({ unread, until });

test('an expected count matches once', () => {
  const first = matchExpectedCount([count(4), count(3)], 4, 0);
  expect(first).toEqual({ isExpected: true, remaining: [count(3)] });
  expect(matchExpectedCount(first.remaining, 4, 0).isExpected).toBe(false);
});

test('an expected count that was skipped is dropped', () => {
  expect(matchExpectedCount([count(4), count(3)], 3, 0)).toEqual({ isExpected: true, remaining: [] });
});

test('any other count clears the expected ones', () => {
  expect(matchExpectedCount([count(4)], 6, 0)).toEqual({ isExpected: false, remaining: [] });
  expect(matchExpectedCount([count(4)], 4, 11)).toEqual({ isExpected: false, remaining: [] });
});
