import { expect, test } from 'vitest';
import { noTodos, withAnswer, withEvent, withList, without, withStored } from './known';
import { sample } from './sample';

const titles = (known: typeof noTodos) => [...known.items.values()].map(({ todo }) => todo.title);

test('a newer version replaces an older one', () => {
  const first = withAnswer(noTodos, sample(), 1);
  expect(titles(withAnswer(first, sample({ title: 'Buy bread', version: 2 }), 2))).toEqual(['Buy bread']);
});

test('an older version that arrives late changes nothing', () => {
  const newer = withAnswer(noTodos, sample({ title: 'Buy bread', version: 3 }), 1);
  expect(titles(withAnswer(newer, sample({ version: 2 }), 2))).toEqual(['Buy bread']);
  expect(withEvent(newer, sample({ version: 3, title: 'Buy rice' }), 2)).toBe(newer);
});

test('an answer completes a partial item of the same version', () => {
  const partial = withEvent(noTodos, sample({ version: 2 }), 1);
  const answered = withAnswer(partial, sample({ version: 2, notes: 'Two litres' }), 2);
  expect(answered.items.get('a')).toEqual({
    todo: sample({ version: 2, notes: 'Two litres' }),
    partial: false,
    receivedAt: 2,
  });
});

test('a late answer, list or event does not restore a deleted item', () => {
  const deleted = without(withAnswer(noTodos, sample(), 1), 'a', 9);
  expect(withAnswer(deleted, sample({ version: 9 }), 2)).toBe(deleted);
  expect(withEvent(deleted, sample({ version: 9 }), 2)).toBe(deleted);
  expect(titles(withList(deleted, 'open', [sample()], 2))).toEqual([]);
});

test('a restored item has a newer version than its deletion, whichever arrives first', () => {
  const deleted = without(withAnswer(noTodos, sample(), 1), 'a');
  const restored = withAnswer(deleted, sample({ version: 3 }), 2);
  expect(titles(restored)).toEqual(['Buy milk']);
  expect(without(restored, 'a', 2)).toBe(restored);
  expect(titles(without(restored, 'a', 4))).toEqual([]);
});

test('an item that is missing in a newer list is removed', () => {
  const known = withAnswer(withAnswer(noTodos, sample(), 1), sample({ id: 'b', title: 'Stay' }), 1);
  expect(titles(withList(known, 'open', [sample({ id: 'b', title: 'Stay' })], 5))).toEqual(['Stay']);
});

test('an item received after the list was requested stays', () => {
  const known = withEvent(noTodos, sample(), 10);
  expect(titles(withList(known, 'open', [], 5))).toEqual(['Buy milk']);
});

test('a list of open items does not remove completed ones', () => {
  const known = withAnswer(noTodos, sample({ status: 'completed' }), 1);
  expect(titles(withList(known, 'open', [], 5))).toEqual(['Buy milk']);
});

test('an item that was stored on the device gives way to anything that is received', () => {
  const stored = withStored(noTodos, [sample({ version: 5 }), sample({ id: 'b', title: 'Gone' })]);
  expect(titles(stored)).toEqual(['Buy milk', 'Gone']);
  const listed = sample({ title: 'Buy bread', version: 5 });
  expect(titles(withList(stored, 'open', [listed], 1))).toEqual(['Buy bread']);
  expect(titles(withStored(withAnswer(noTodos, listed, 1), [sample()]))).toEqual(['Buy bread']);
});
