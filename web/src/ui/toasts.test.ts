import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dismissAllToasts, holdToast, releaseToast, showToast, shortTitle, toasts, isolated } from './toasts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  dismissAllToasts();
  vi.useRealTimers();
});

const texts = () => toasts.get().map(({ text }) => text);

test('a message closes by itself and calls onClose once', () => {
  const onClose = vi.fn();
  const dismiss = showToast('Saved', { onClose });
  vi.advanceTimersByTime(4_999);
  expect(texts()).toEqual(['Saved']);
  vi.advanceTimersByTime(1);
  expect(texts()).toEqual([]);
  dismiss();
  expect(onClose).toHaveBeenCalledTimes(1);
});

test('a held message stays open, and then its countdown resumes', () => {
  showToast('Saved');
  const id = toasts.get()[0]?.id ?? 0;
  vi.advanceTimersByTime(4_000);
  holdToast(id, 'pointer');
  holdToast(id, 'focus');
  vi.advanceTimersByTime(60_000);
  releaseToast(id, 'pointer');
  vi.advanceTimersByTime(60_000);
  expect(texts()).toEqual(['Saved']);
  releaseToast(id, 'focus');
  vi.advanceTimersByTime(999);
  expect(texts()).toEqual(['Saved']);
  vi.advanceTimersByTime(1);
  expect(texts()).toEqual([]);
});

test('a fourth message replaces the first', () => {
  const onClose = vi.fn();
  showToast('1', { onClose });
  for (const text of ['2', '3']) showToast(text);
  expect(onClose).not.toHaveBeenCalled();
  showToast('4');
  expect(texts()).toEqual(['2', '3', '4']);
  expect(onClose).toHaveBeenCalledTimes(1);
});

test('an action runs before the message closes', () => {
  const order: string[] = [];
  showToast('Deleted', { action: { label: 'Undo', run: () => order.push('undo') }, onClose: () => order.push('gone') });
  toasts.get()[0]?.action?.run();
  expect(order).toEqual(['undo', 'gone']);
});

test('a long title is shortened between characters', () => {
  expect(shortTitle('Buy milk')).toBe('Buy milk');
  expect(shortTitle('🥛'.repeat(60))).toBe('🥛'.repeat(60));
  expect(shortTitle('🥛'.repeat(61))).toBe(`${'🥛'.repeat(59)}…`);
});

test("a user's text does not turn the words around it", () => {
  expect(isolated('Buy milk')).toBe('Buy milk');
  expect(isolated('ab\u202ecd')).toBe('\u2068ab\u202ecd\u2069');
});
