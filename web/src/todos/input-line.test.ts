import { beforeEach, expect, test } from 'vitest';
import {
  clearLine,
  keepAsText,
  line,
  plainParts,
  resetLines,
  restoreLine,
  submitLine,
  takeSubmitted,
  writeLine,
} from './input-line';

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

test('what is kept as text belongs to one line', () => {
  writeLine('Call Ben tomorrow');
  keepAsText('tomorrow');
  writeLine('Call Ben tomorrow at 5');
  expect(plainParts.get()).toEqual(['tomorrow']);
  clearLine();
  expect(plainParts.get()).toEqual([]);
  writeLine('Sweep #home');
  keepAsText('#home');
  writeLine('');
  expect(plainParts.get()).toEqual([]);
});

test('submitted lines leave the field, are taken once and in order, and none remains for the next user', () => {
  writeLine('Buy milk tomorrow');
  keepAsText('tomorrow');
  submitLine();
  expect(line.get()).toBe('');
  writeLine('Call Ben');
  submitLine();
  expect(takeSubmitted()).toEqual({ text: 'Buy milk tomorrow', plain: ['tomorrow'] });
  expect(takeSubmitted()).toEqual({ text: 'Call Ben', plain: [] });
  expect(takeSubmitted()).toBeUndefined();
  writeLine('Sweep');
  submitLine();
  resetLines();
  expect(takeSubmitted()).toBeUndefined();
});
