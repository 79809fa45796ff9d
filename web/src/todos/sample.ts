import type { Todo } from './known';

/** An item for tests with default values for everything not given. */
export function sample(part: Partial<Todo> = {}): Todo {
  return {
    id: 'a',
    title: 'Buy milk',
    notes: null,
    dueAt: null,
    allDay: false,
    priority: 'normal',
    tags: [],
    status: 'open',
    completedAt: null,
    createdAt: '2026-11-21T08:00:00Z',
    updatedAt: '2026-11-21T08:00:00Z',
    deletedAt: null,
    version: 1,
    ...part,
  };
}
