import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dismissAllToasts, showToast, toasts } from '../ui/toasts';
import { clearUndo, offerUndo, undoLast } from './undo';

let undone: string[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  undone = [];
});
afterEach(() => {
  dismissAllToasts();
  clearUndo();
  vi.useRealTimers();
});

const texts = () => toasts.get().map(({ text, action }) => `${text} · ${action?.label ?? ''}`);
const press = (index: number) => toasts.get()[index]?.action?.run();
const remove = (...titles: string[]) =>
  titles.forEach((title) => offerUndo('deleted', title, () => void undone.push(title)));
const complete = (title: string) => offerUndo('completed', title, () => void undone.push(title));

test('three deletions have a message each', () => {
  remove('One', 'Two', 'Three');
  expect(texts()).toEqual(['Deleted “One” · Undo', 'Deleted “Two” · Undo', 'Deleted “Three” · Undo']);
  press(1);
  expect(undone).toEqual(['Two']);
  expect(texts()).toEqual(['Deleted “One” · Undo', 'Deleted “Three” · Undo']);
});

test('the fourth deletion folds the messages into one that undoes all', () => {
  remove('One', 'Two', 'Three', 'Four');
  expect(texts()).toEqual(['4 to-dos deleted · Undo all']);
  remove('Five');
  expect(texts()).toEqual(['5 to-dos deleted · Undo all']);
  press(0);
  expect(undone).toEqual(['Five', 'Four', 'Three', 'Two', 'One']);
  expect(texts()).toEqual([]);
  undoLast();
  expect(undone.length).toBe(5);
});

test('a folded message tells what happened to all of its items', () => {
  remove('One', 'Two', 'Three');
  complete('Four');
  expect(texts()).toEqual(['4 to-dos deleted or completed · Undo all']);
  dismissAllToasts();
  ['One', 'Two', 'Three', 'Four'].forEach(complete);
  expect(texts()).toEqual(['4 to-dos completed · Undo all']);
});

test('a folded message stays as long as one with an action, counted from the last deletion', () => {
  remove('One', 'Two', 'Three', 'Four');
  vi.advanceTimersByTime(7_000);
  remove('Five');
  vi.advanceTimersByTime(7_999);
  expect(texts()).toEqual(['5 to-dos deleted · Undo all']);
  vi.advanceTimersByTime(1);
  expect(texts()).toEqual([]);
});

test('the key undoes the latest one of a folded message, which keeps the others', () => {
  remove('One', 'Two', 'Three', 'Four');
  undoLast();
  expect(texts()).toEqual(['3 to-dos deleted · Undo all']);
  undoLast();
  undoLast();
  expect(texts()).toEqual(['Deleted “One” · Undo']);
  press(0);
  expect(undone).toEqual(['Four', 'Three', 'Two', 'One']);
});

test('other messages push out none that undoes', () => {
  remove('One', 'Two', 'Three');
  ['Saved', 'Due now', 'Refused'].forEach((text) => showToast(text));
  expect(texts()).toEqual(['Deleted “One” · Undo', 'Deleted “Two” · Undo', 'Deleted “Three” · Undo', 'Refused · ']);
});
