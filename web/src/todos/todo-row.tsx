import { memo, useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { useMessages } from '../i18n/i18n';
import { IconButton, iconButtonClass } from '../ui/controls';
import { CheckIcon, DetailsIcon, TrashIcon } from '../ui/icons';
import { deleteTodo, editTodo, setStatus } from './commands';
import { screenKey } from './data';
import { hold } from './held';
import { useIsNear } from './near';
import type { DisplayedTodo } from './pending';
import { TitleText } from './title-text';
import { TodoFacts } from './todo-facts';
import css from './todo-row.module.css';

interface Props {
  todo: DisplayedTodo;
  isEditing: boolean;
  /** Whether the row stays only for a moment, see `held.ts`. */
  isLeaving: boolean;
  /** Whether the row is one of the first, which are complete at once; see `near.ts`. */
  isFirst: boolean;
  /** The item's `screenKey` when its title is to be edited; `null` when that is over. */
  onEdit: (key: string | null) => void;
}

/** One item of the list: complete it, edit its title in place, open it. */
export const TodoRow = memo(function TodoRow({ todo, isEditing, isLeaving, isFirst, onEdit }: Props) {
  const m = useMessages();
  const row = useRef<HTMLLIElement>(null);
  const isComplete = useIsNear(row, isFirst) || isEditing;
  const title = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  useEffect(() => {
    if (wasEditing.current && !isEditing) title.current?.focus();
    wasEditing.current = isEditing;
  }, [isEditing]);
  const hasFacts = todo.dueAt !== null || todo.priority !== 'normal' || todo.tags.length > 0 || todo.notes !== null;
  return (
    <li
      ref={row}
      className={css['row']}
      data-row={screenKey(todo.id)}
      data-status={todo.status}
      data-leaving={isLeaving}
      aria-busy={todo.isPending}
    >
      {isComplete && <TickBox todo={todo} />}
      <div className={css['middle']}>
        {isEditing ? (
          <TitleEditor todo={todo} onEnd={() => onEdit(null)} />
        ) : (
          <button
            ref={title}
            type="button"
            className={css['title']}
            dir="auto"
            data-focus
            title={m.edit}
            onClick={() => onEdit(screenKey(todo.id))}
          >
            {todo.title}
          </button>
        )}
        {isComplete && hasFacts && <TodoFacts todo={todo} />}
      </div>
      {todo.isPending && (
        <span className={css['pending']} title={m.pending}>
          <span className="visually-hidden">{m.pending}</span>
        </span>
      )}
      {isComplete && <Actions todo={todo} />}
    </li>
  );
});

function Actions({ todo }: { todo: DisplayedTodo }) {
  const m = useMessages();
  return (
    <>
      <IconButton
        label={`${m.remove}: ${todo.title}`}
        title={m.remove}
        className={css['onHover'] ?? ''}
        onClick={() => deleteTodo(todo)}
      >
        <TrashIcon size={18} />
      </IconButton>
      <Link
        href={`/todos/${todo.id}`}
        className={iconButtonClass}
        aria-label={`${m.details}: ${todo.title}`}
        title={m.details}
      >
        <DetailsIcon size={18} />
      </Link>
    </>
  );
}

/** The circle that completes an item, or reopens it. */
export function TickBox({ todo }: { todo: DisplayedTodo }) {
  const m = useMessages();
  const isDone = todo.status === 'completed';
  return (
    <button
      type="button"
      role="checkbox"
      aria-checked={isDone}
      aria-label={isDone ? m.reopen(todo.title) : m.complete(todo.title)}
      className={css['tick']}
      data-priority={todo.priority}
      onClick={({ detail: clicks }) => {
        // The second click of a double click would undo the first.
        if (clicks > 1) return;
        // A key counts no click: the next key is meant for the next row.
        if (clicks === 1) hold(todo);
        setStatus(todo, isDone ? 'open' : 'completed');
      }}
    >
      <span className={css['circle']}>
        <CheckIcon size={15} />
      </span>
    </button>
  );
}

function TitleEditor({ todo, onEnd }: { todo: DisplayedTodo; onEnd: () => void }) {
  const m = useMessages();
  // The item as it was when the editing began: the base of the change.
  const [original] = useState(todo);
  return (
    <TitleText
      title={original.title}
      label={m.editTitle}
      isFocused
      onSave={(title) => editTodo(original, { title })}
      onEnd={onEnd}
    />
  );
}
