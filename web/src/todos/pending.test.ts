import { expect, test } from 'vitest';
import { noTodos, withAnswer } from './known';
import { rebase, shown, shownDeleted, type Edit, type Pending } from './pending';
import { sample } from './sample';

const known = withAnswer(noTodos, sample(), 1);
const edit = (part: Edit): Pending => ({ id: 'p', kind: 'edit', todoId: 'a', seen: sample(), edit: part });

test('an edit shows as pending before the service has answered', () => {
  expect(shown(known, [edit({ title: 'Buy bread' })])).toEqual([
    { ...sample({ title: 'Buy bread' }), isPending: true },
  ]);
});

test('removing an edit restores the item', () => {
  expect(shown(known, [])).toEqual([{ ...sample(), isPending: false }]);
});

test('changes are applied in order', () => {
  const changes: Pending[] = [
    edit({ title: 'One' }),
    { id: 'q', kind: 'status', todoId: 'a', seen: sample(), status: 'completed', at: '2026-11-21T09:00:00Z' },
    edit({ title: 'Two' }),
  ];
  expect(shown(known, changes)).toMatchObject([
    { title: 'Two', status: 'completed', completedAt: '2026-11-21T09:00:00Z', isPending: true },
  ]);
});

const deletion: Pending = { id: 'd', kind: 'delete', todoId: 'a', seen: sample(), at: '2026-11-21T09:00:00Z' };
const restoration: Pending = { id: 'r', kind: 'restore', todoId: 'a', seen: sample() };

test('a deleted item is not shown, and an edit of it does not bring it back', () => {
  expect(shown(known, [deletion, edit({ title: 'Back' })])).toEqual([]);
  expect(shownDeleted([], [deletion])).toMatchObject([{ id: 'a', deletedAt: '2026-11-21T09:00:00Z', isPending: true }]);
});

test('a restored item is shown again, also before its deletion is confirmed', () => {
  expect(shown(known, [deletion, restoration])).toMatchObject([{ title: 'Buy milk', isPending: true }]);
  expect(shown(noTodos, [restoration, edit({ title: 'Back' })])).toMatchObject([{ title: 'Back' }]);
  expect(shownDeleted([sample({ deletedAt: '2026-11-20T09:00:00Z' })], [restoration])).toEqual([]);
});

test('deleted items are shown with the latest deletion first', () => {
  const earlier = sample({ id: 'b', deletedAt: '2026-11-20T09:00:00Z' });
  expect(shownDeleted([earlier], [deletion]).map(({ id }) => id)).toEqual(['a', 'b']);
});

test('an item that is being created can be changed already', () => {
  const draft = sample({ id: 'draft', title: 'New' });
  const changes: Pending[] = [
    { id: 'draft', kind: 'create', todo: draft, line: 'New' },
    { id: 'p', kind: 'edit', todoId: 'draft', seen: draft, edit: { title: 'Newer' } },
  ];
  expect(shown(noTodos, changes)).toMatchObject([{ id: 'draft', title: 'Newer', isPending: true }]);
});

test('changes of other devices show in fields without a pending change', () => {
  const newer = withAnswer(known, sample({ version: 2, priority: 'high' }), 2);
  expect(shown(newer, [edit({ title: 'Mine' })])).toMatchObject([{ title: 'Mine', priority: 'high' }]);
});

test('edits of different fields do not conflict', () => {
  expect(rebase(sample(), sample({ version: 2, title: 'Theirs' }), { notes: 'Mine' }).clash).toEqual([]);
});

test('edits of the same field conflict, unless both values are equal', () => {
  const theirs = sample({ version: 2, title: 'Theirs', tags: ['home'] });
  expect(rebase(sample(), theirs, { title: 'Mine', tags: ['home'] }).clash).toEqual(['title']);
});

test('two notations of the same due time do not conflict', () => {
  const seen = sample({ dueAt: '2031-05-04T05:30:00.000Z' });
  const answered = sample({ version: 2, dueAt: '2031-05-04T05:30:00Z' });
  expect(rebase(seen, answered, { dueAt: null }).clash).toEqual([]);
});

test('a due time and the whole day conflict as one, and edits stored by earlier versions have none', () => {
  const at = '2031-05-04T09:00:00Z';
  const seen = sample({ dueAt: at, allDay: true });
  const timed = sample({ version: 2, dueAt: at });
  expect(rebase(seen, timed, { dueAt: '2031-05-05T09:00:00Z', allDay: true }).clash).toEqual(['dueAt']);
  expect(rebase(seen, timed, { dueAt: at, allDay: false }).clash).toEqual([]);
  expect(rebase(sample(), sample({ version: 2, dueAt: at }), { dueAt: at }).clash).toEqual([]);
});

test('drafts come after all other items in their order, however long ago they were typed', () => {
  const draft = (id: string): Pending => ({
    id,
    kind: 'create',
    line: id,
    todo: sample({ id, createdAt: '2026-11-20T08:00:00.000Z' }),
  });
  const saved = withAnswer(noTodos, sample({ createdAt: '2026-11-21T08:00:00.5Z' }), 1);
  const times = shown(saved, [draft('z'), draft('b')]).map(({ id, createdAt }) => [id, createdAt]);
  expect(times).toEqual([
    ['a', '2026-11-21T08:00:00.5Z'],
    ['z', '2026-11-21T08:00:01Z'],
    ['b', '2026-11-21T08:00:02Z'],
  ]);
});
