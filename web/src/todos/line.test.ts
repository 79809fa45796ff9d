import { beforeEach, expect, test } from 'vitest';
import { clearLine, forgetLines, giveBack, line } from './line';

beforeEach(forgetLines);

test('a refused line comes back into the empty field', () => {
  giveBack('Buy milk');
  expect(line.get()).toBe('Buy milk');
});

test('a refused line does not write over another: it comes back when there is room', () => {
  line.update(() => 'Call Ben');
  giveBack('Buy milk');
  expect(line.get()).toBe('Call Ben');
  clearLine();
  expect(line.get()).toBe('Buy milk');
  clearLine();
  expect(line.get()).toBe('');
});
