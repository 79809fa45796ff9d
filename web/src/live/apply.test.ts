import { expect, test } from 'vitest';
import { nothingKnown, withAnswer } from '../todos/known';
import { sample } from '../todos/sample';
import { applyTodoEvent, type EventMessage } from './apply';

const message = (part: Partial<EventMessage>): EventMessage => ({
  type: 'TodoChanged',
  eventId: 'e',
  subject: 'a',
  sequence: 2,
  occurredAt: '2026-11-21T09:00:00Z',
  data: { title: 'Buy bread', priority: 'high', tags: ['shop'], changed: ['title'] },
  ...part,
});
const known = withAnswer(nothingKnown, sample({ notes: 'Two litres', dueAt: '2026-12-01T09:00:00Z' }), 1);

test('a change that follows on what is known shows at once, notes untouched', () => {
  const { known: next, readAgain } = applyTodoEvent(known, message({}), 5);
  expect(readAgain).toBe(false);
  expect(next.items.get('a')?.todo).toMatchObject({
    title: 'Buy bread',
    priority: 'high',
    tags: ['shop'],
    dueAt: null,
    notes: 'Two litres',
    version: 2,
  });
});

test('an event that is older than what is known, or the same again, changes nothing', () => {
  const newer = withAnswer(known, sample({ version: 4 }), 2);
  expect(applyTodoEvent(newer, message({ sequence: 4 }), 5)).toEqual({ known: newer, readAgain: false });
  expect(applyTodoEvent(newer, message({ sequence: 3 }), 5)).toEqual({ known: newer, readAgain: false });
});

test('after a gap the item is read again instead of guessed', () => {
  expect(applyTodoEvent(known, message({ sequence: 3 }), 5)).toEqual({ known, readAgain: true });
  expect(applyTodoEvent(nothingKnown, message({}), 5)).toEqual({ known: nothingKnown, readAgain: true });
});

test('notes that changed are read, as no event carries them', () => {
  const data = { title: 'Buy milk', priority: 'normal', tags: [], changed: ['notes'] };
  expect(applyTodoEvent(known, message({ data }), 5).readAgain).toBe(true);
});

test('a message that left its data out has the item read', () => {
  const { data, ...bare } = message({});
  expect(data).toBeDefined();
  expect(applyTodoEvent(known, bare, 5)).toEqual({ known, readAgain: true });
});

test('an item is created, completed, taken up again and deleted', () => {
  const data = { title: 'Buy milk', priority: 'normal', tags: [] };
  let now = applyTodoEvent(nothingKnown, message({ type: 'TodoCreated', sequence: 1, data }), 5).known;
  expect(now.items.get('a')?.todo.status).toBe('open');
  now = applyTodoEvent(now, message({ type: 'TodoCompleted', data: { completedAt: '2026-11-21T10:00:00Z' } }), 6).known;
  expect(now.items.get('a')?.todo).toMatchObject({ status: 'completed', completedAt: '2026-11-21T10:00:00Z' });
  now = applyTodoEvent(now, message({ type: 'TodoReopened', sequence: 3, data: { title: 'Buy milk' } }), 7).known;
  expect(now.items.get('a')?.todo).toMatchObject({ status: 'open', completedAt: null });
  now = applyTodoEvent(now, message({ type: 'TodoDeleted', sequence: 4 }), 8).known;
  expect(now.items.size).toBe(0);
  expect(applyTodoEvent(now, message({ type: 'TodoCreated', sequence: 1, data }), 9)).toEqual({
    known: now,
    readAgain: false,
  });
});
