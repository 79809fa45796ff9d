import { useState, type RefObject, type SyntheticEvent } from 'react';
import { useNow } from '../app/use-now';
import { useMessages } from '../i18n/i18n';
import { useTimeZone } from '../i18n/time';
import { Button } from '../ui/controls';
import { PlusIcon } from '../ui/icons';
import css from './add-todo.module.css';
import { addTodo } from './commands';
import { dayAfter, usualTime } from './due';
import type { Filters } from './filters';
import { readLine, type QuickTodo } from './quick-add';
import { TodoFacts } from './todo-facts';

/** One line that becomes an item; what is understood of it shows while it is written. */
export function AddTodo({ field, filters }: { field: RefObject<HTMLInputElement | null>; filters: Filters }) {
  const m = useMessages();
  const [line, setLine] = useState('');
  const now = useNow();
  const zone = useTimeZone();
  const todo = inView(readLine(line, now, zone), filters, now, zone);
  const isEmpty = line.trim() === '';

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (isEmpty) return;
    setLine('');
    void addTodo({ ...todo, title: todo.title.slice(0, 200) });
  };
  return (
    <form className={css['add']} onSubmit={submit}>
      <div className={css['line']}>
        <span className={css['plus']}>
          <PlusIcon />
        </span>
        <input
          ref={field}
          className={css['field']}
          value={line}
          onChange={(event) => setLine(event.target.value)}
          onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
          placeholder={m.addTodo}
          aria-label={m.addTodo}
          aria-describedby="add-hint"
          maxLength={260}
          enterKeyHint="done"
          autoComplete="off"
        />
        <Button type="submit" look="primary" className={css['button'] ?? ''} hidden={isEmpty}>
          {m.add}
        </Button>
      </div>
      <div className={css['below']}>
        <p id="add-hint" className={isEmpty ? css['hint'] : 'visually-hidden'}>
          {m.addHint}
        </p>
        {!isEmpty && <TodoFacts todo={{ ...todo, notes: null, status: 'open' }} />}
      </div>
    </form>
  );
}

/** What is added in a view belongs to it: in "Today" it is due today, under a tag it bears the tag. */
function inView(todo: QuickTodo, filters: Filters, now: Date, zone: string): QuickTodo {
  const tags = filters.tag && !todo.tags.includes(filters.tag) ? [...todo.tags, filters.tag] : todo.tags;
  if (todo.dueAt !== null || (filters.view !== 'today' && filters.view !== 'upcoming')) return { ...todo, tags };
  const days = filters.view === 'today' ? 0 : 1;
  return { ...todo, tags, dueAt: dayAfter(now, days, usualTime(now, days, zone), zone).toISOString() };
}
