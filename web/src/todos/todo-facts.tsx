import { useNow } from '../app/use-now';
import { useLanguage, useMessages } from '../i18n/i18n';
import { useTimeZone } from '../i18n/time';
import { CalendarIcon, FlagIcon, NoteIcon } from '../ui/icons';
import { formatDue, isOverdue, type Due } from './due';
import type { Todo } from './known';
import css from './todo-facts.module.css';

type Facts = Due & Pick<Todo, 'priority' | 'tags' | 'notes' | 'status'>;

/** An item's facts in one line: due, priority, tags, whether there are notes. */
export function TodoFacts({ todo }: { todo: Facts }) {
  const m = useMessages();
  const zone = useTimeZone();
  const due = useDueText(todo);
  const inFull = useDueLongText(todo);
  const now = useNow();
  const isLate = todo.status === 'open' && isOverdue(todo, now, zone);
  return (
    <span className={css['facts']}>
      {due && (
        <span className={css['fact']} data-tone={isLate ? 'late' : 'due'} title={inFull === due ? undefined : inFull}>
          <CalendarIcon size={14} />
          {isLate && <span className="visually-hidden">{m.overdue}: </span>}
          {due}
        </span>
      )}
      {todo.priority !== 'normal' && (
        <span className={css['fact']} data-tone={todo.priority}>
          <FlagIcon size={14} />
          <span className="visually-hidden">{m.priority}: </span>
          {todo.priority === 'high' ? m.priorityHigh : m.priorityLow}
        </span>
      )}
      {todo.tags.map((tag) => (
        <bdi key={tag} className={css['tag']}>
          {tag}
        </bdi>
      ))}
      {todo.notes && (
        <span className={css['fact']}>
          <NoteIcon size={14} />
          <span className="visually-hidden">{m.notes}</span>
        </span>
      )}
    </span>
  );
}

/** A short due time in the user's language; empty without one. */
export const useDueText = (due: Due): string => useDue(due, 'short');

/** A due time with its time of day, if it has one; empty without a due time. */
export const useDueLongText = (due: Due): string => useDue(due, 'full');

function useDue(due: Due, length: 'short' | 'full'): string {
  const m = useMessages();
  const language = useLanguage();
  const zone = useTimeZone();
  const now = useNow();
  const words = { yesterday: m.dueYesterday, today: m.today, tomorrow: m.dueTomorrow };
  return formatDue(due, now, zone, language, words, length);
}
