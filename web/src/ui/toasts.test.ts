import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dismissAll, holdToast, releaseToast, say, shortTitle, toasts } from './toasts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  dismissAll();
  vi.useRealTimers();
});

const texts = () => toasts.get().map(({ text }) => text);

test('a message goes by itself, and says so once', () => {
  const onGone = vi.fn();
  const dismiss = say('Saved', { onGone });
  vi.advanceTimersByTime(4_999);
  expect(texts()).toEqual(['Saved']);
  vi.advanceTimersByTime(1);
  expect(texts()).toEqual([]);
  dismiss();
  expect(onGone).toHaveBeenCalledTimes(1);
});

test('a message stays while anything holds it, and then has the time that was left', () => {
  say('Saved');
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

test('a fourth message takes the place of the first', () => {
  const onGone = vi.fn();
  say('1', { onGone });
  for (const text of ['2', '3']) say(text);
  expect(onGone).not.toHaveBeenCalled();
  say('4');
  expect(texts()).toEqual(['2', '3', '4']);
  expect(onGone).toHaveBeenCalledTimes(1);
});

test('a chosen action runs before the message is gone', () => {
  const order: string[] = [];
  say('Deleted', { action: { label: 'Undo', run: () => order.push('undo') }, onGone: () => order.push('gone') });
  toasts.get()[0]?.action?.run();
  expect(order).toEqual(['undo', 'gone']);
});

test('a long title is shortened between characters', () => {
  expect(shortTitle('Buy milk')).toBe('Buy milk');
  expect(shortTitle('🥛'.repeat(60))).toBe('🥛'.repeat(60));
  expect(shortTitle('🥛'.repeat(61))).toBe(`${'🥛'.repeat(59)}…`);
});
