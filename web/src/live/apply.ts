// Applies events from the socket to items. Events carry an item's fields but never its notes, and may arrive late, twice
// or with gaps: what the event alone does not tell is loaded from the service.
import { NO_DUE } from '../todos/due';
import { withEvent, without, type Known, type Priority, type Todo } from '../todos/known';

/** A message about an event of the bus. */
export interface EventMessage {
  type: string;
  eventId: string;
  subject: string;
  /** Counts the changes of the subject. */
  sequence: number;
  occurredAt: string;
  /** The event's own data; missing where it would be too large for a message. */
  data?: Record<string, unknown>;
}

/** The items afterwards, and whether the item must be loaded again. */
export interface Applied {
  known: Known;
  needsReload: boolean;
}

/** Applies an event about an item, received at `now` in milliseconds since 1970-01-01. */
export function applyTodoEvent(known: Known, message: EventMessage, now: number): Applied {
  const id = message.subject;
  if (message.type === 'TodoDeleted' || message.type === 'TodoPurged')
    return { known: without(known, id, message.sequence), needsReload: false };
  if ((known.deleted.get(id) ?? 0) >= message.sequence) return { known, needsReload: false };

  const before = known.items.get(id)?.todo;
  if (before && before.version >= message.sequence) return { known, needsReload: false };
  const { data } = message;
  if (!data) return { known, needsReload: true };
  // Events do not tell whether the whole day is meant.
  const hasNewDue = message.type === 'TodoCreated' ? text(data['dueAt']) !== null : hasChanged(data, 'dueAt');
  if (hasNewDue) return { known, needsReload: true };
  if (message.type === 'TodoCreated') {
    return { known: withEvent(known, created(message, data), now), needsReload: false };
  }
  // Without the previous version, other changes are missing.
  if (!before || before.version + 1 !== message.sequence) return { known, needsReload: true };

  return { known: withEvent(known, changed(before, message, data), now), needsReload: hasChanged(data, 'notes') };
}

function hasChanged({ changed }: Record<string, unknown>, field: string): boolean {
  return Array.isArray(changed) && changed.includes(field);
}

function created(message: EventMessage, data: Record<string, unknown>): Todo {
  return {
    id: message.subject,
    title: text(data['title']) ?? '',
    notes: null,
    ...NO_DUE,
    priority: (text(data['priority']) ?? 'normal') as Priority,
    tags: texts(data['tags']),
    status: 'open',
    completedAt: null,
    createdAt: message.occurredAt,
    updatedAt: message.occurredAt,
    deletedAt: null,
    version: message.sequence,
  };
}

function changed(before: Todo, { type, sequence, occurredAt }: EventMessage, data: Record<string, unknown>): Todo {
  const next: Todo = {
    ...before,
    version: sequence,
    updatedAt: occurredAt,
    title: text(data['title']) ?? before.title,
  };
  switch (type) {
    case 'TodoCompleted':
      return { ...next, status: 'completed', completedAt: text(data['completedAt']) ?? occurredAt };
    case 'TodoReopened':
      return { ...next, status: 'open', completedAt: null, dueAt: text(data['dueAt']) };
    default:
      return {
        ...next,
        dueAt: text(data['dueAt']),
        priority: (text(data['priority']) ?? before.priority) as Priority,
        tags: texts(data['tags']),
      };
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
