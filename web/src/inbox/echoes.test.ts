import { expect, test } from 'vitest';
import { hear } from './echoes';

const echo = (unread: number, until = 10) => ({ unread, until });

test('a count that was expected is an echo, once', () => {
  const first = hear([echo(4), echo(3)], 4, 0);
  expect(first).toEqual({ isEcho: true, left: [echo(3)] });
  expect(hear(first.left, 4, 0).isEcho).toBe(false);
});

test('one that was passed over does not come any more', () => {
  expect(hear([echo(4), echo(3)], 3, 0)).toEqual({ isEcho: true, left: [] });
});

test('any other count is news, after which nothing is expected', () => {
  expect(hear([echo(4)], 6, 0)).toEqual({ isEcho: false, left: [] });
  expect(hear([echo(4)], 4, 11)).toEqual({ isEcho: false, left: [] });
});
