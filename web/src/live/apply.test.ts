import { expect, test } from 'vitest';
import { noTodos, withAnswer } from '../todos/known';
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
const known = withAnswer(noTodos, sample({ notes: 'Two litres', dueAt: '2026-12-01T09:00:00Z' }), 1);

test('the next change shows at once and keeps the notes', () => {
  const { known: next, needsReload } = applyTodoEvent(known, message({}), 5);
  expect(needsReload).toBe(false);
  expect(next.items.get('a')?.todo).toMatchObject({
    title: 'Buy bread',
    priority: 'high',
    tags: ['shop'],
    dueAt: null,
    notes: 'Two litres',
    version: 2,
  });
});

test('an older or repeated event changes nothing', () => {
  const newer = withAnswer(known, sample({ version: 4 }), 2);
  expect(applyTodoEvent(newer, message({ sequence: 4 }), 5)).toEqual({ known: newer, needsReload: false });
  expect(applyTodoEvent(newer, message({ sequence: 3 }), 5)).toEqual({ known: newer, needsReload: false });
});

test('after a gap the item is loaded again', () => {
  expect(applyTodoEvent(known, message({ sequence: 3 }), 5)).toEqual({ known, needsReload: true });
  expect(applyTodoEvent(noTodos, message({}), 5)).toEqual({ known: noTodos, needsReload: true });
});

test('changed notes are loaded, because events do not carry them', () => {
  const data = { title: 'Buy milk', priority: 'normal', tags: [], changed: ['notes'] };
  expect(applyTodoEvent(known, message({ data }), 5).needsReload).toBe(true);
});

test('a new due time is loaded, because events do not tell whether the whole day is meant', () => {
  const data = { title: 'Buy milk', priority: 'normal', tags: [], dueAt: '2026-12-02T09:00:00Z' };
  const changed = message({ data: { ...data, changed: ['dueAt'] } });
  expect(applyTodoEvent(known, changed, 5)).toEqual({ known, needsReload: true });
  const created = message({ type: 'TodoCreated', sequence: 1, data });
  expect(applyTodoEvent(noTodos, created, 5)).toEqual({ known: noTodos, needsReload: true });
});

test('a change of other fields keeps the whole day', () => {
  const wholeDay = withAnswer(noTodos, sample({ dueAt: '2026-12-01T09:00:00Z', allDay: true }), 1);
  const data = { title: 'Buy bread', priority: 'high', tags: [], changed: ['title'], dueAt: '2026-12-01T09:00:00Z' };
  const next = applyTodoEvent(wholeDay, message({ data }), 5);
  expect(next.known.items.get('a')?.todo).toMatchObject({ title: 'Buy bread', allDay: true });
  expect(next.needsReload).toBe(false);
});

test('an event without data loads the item', () => {
  const { data, ...bare } = message({});
  expect(data).toBeDefined();
  expect(applyTodoEvent(known, bare, 5)).toEqual({ known, needsReload: true });
});

test('an item is created, completed, reopened and deleted', () => {
  const data = { title: 'Buy milk', priority: 'normal', tags: [] };
  let now = applyTodoEvent(noTodos, message({ type: 'TodoCreated', sequence: 1, data }), 5).known;
  expect(now.items.get('a')?.todo.status).toBe('open');
  now = applyTodoEvent(now, message({ type: 'TodoCompleted', data: { completedAt: '2026-11-21T10:00:00Z' } }), 6).known;
  expect(now.items.get('a')?.todo).toMatchObject({ status: 'completed', completedAt: '2026-11-21T10:00:00Z' });
  now = applyTodoEvent(now, message({ type: 'TodoReopened', sequence: 3, data: { title: 'Buy milk' } }), 7).known;
  expect(now.items.get('a')?.todo).toMatchObject({ status: 'open', completedAt: null });
  now = applyTodoEvent(now, message({ type: 'TodoDeleted', sequence: 4 }), 8).known;
  expect(now.items.size).toBe(0);
  expect(applyTodoEvent(now, message({ type: 'TodoCreated', sequence: 1, data }), 9)).toEqual({
    known: now,
    needsReload: false,
  });
});
