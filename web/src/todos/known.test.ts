import { expect, test } from 'vitest';
import { nothingKnown, withAnswer, withEvent, withList, without } from './known';
import { sample } from './sample';

const titles = (known: typeof nothingKnown) => [...known.items.values()].map(({ todo }) => todo.title);

test('a newer version takes the place of an older one', () => {
  const first = withAnswer(nothingKnown, sample(), 1);
  expect(titles(withAnswer(first, sample({ title: 'Buy bread', version: 2 }), 2))).toEqual(['Buy bread']);
});

test('an older version that comes late changes nothing', () => {
  const newer = withAnswer(nothingKnown, sample({ title: 'Buy bread', version: 3 }), 1);
  expect(titles(withAnswer(newer, sample({ version: 2 }), 2))).toEqual(['Buy bread']);
  expect(withEvent(newer, sample({ version: 3, title: 'Buy rice' }), 2)).toBe(newer);
});

test('an answer completes what an event left open, though it has the same version', () => {
  const told = withEvent(nothingKnown, sample({ version: 2 }), 1);
  const answered = withAnswer(told, sample({ version: 2, notes: 'Two litres' }), 2);
  expect(answered.items.get('a')).toEqual({
    todo: sample({ version: 2, notes: 'Two litres' }),
    partial: false,
    heardAt: 2,
  });
});

test('a deleted item does not come back with a late answer, list or event', () => {
  const gone = without(withAnswer(nothingKnown, sample(), 1), 'a');
  expect(withAnswer(gone, sample({ version: 9 }), 2)).toBe(gone);
  expect(withEvent(gone, sample({ version: 9 }), 2)).toBe(gone);
  expect(titles(withList(gone, 'open', [sample()], 2))).toEqual([]);
});

test('an item that a fresh list no longer has is gone', () => {
  const known = withAnswer(withAnswer(nothingKnown, sample(), 1), sample({ id: 'b', title: 'Stay' }), 1);
  expect(titles(withList(known, 'open', [sample({ id: 'b', title: 'Stay' })], 5))).toEqual(['Stay']);
});

test('an item that was heard of after the list was asked for stays', () => {
  const known = withEvent(nothingKnown, sample(), 10);
  expect(titles(withList(known, 'open', [], 5))).toEqual(['Buy milk']);
});

test('a list of open items says nothing of completed ones', () => {
  const known = withAnswer(nothingKnown, sample({ status: 'completed' }), 1);
  expect(titles(withList(known, 'open', [], 5))).toEqual(['Buy milk']);
});
