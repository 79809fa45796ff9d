import { beforeEach, expect, test } from 'vitest';
import { clearLine, resetLines, restoreLine, line } from './input-line';

beforeEach(resetLines);

test('a refused line is restored into the empty field', () => {
  restoreLine('Buy milk');
  expect(line.get()).toBe('Buy milk');
});

test('a refused line does not overwrite another: it is restored when the field is empty', () => {
  line.update(() => 'Call Ben');
  restoreLine('Buy milk');
  expect(line.get()).toBe('Call Ben');
  clearLine();
  expect(line.get()).toBe('Buy milk');
  clearLine();
  expect(line.get()).toBe('');
});
