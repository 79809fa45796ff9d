import type { RefObject, SyntheticEvent } from 'react';
import { useLocation } from 'wouter';
import { useNow } from '../app/use-now';
import { useMessages } from '../i18n/i18n';
import { useTimeZone } from '../i18n/time';
import { useStore } from '../store';
import { Button } from '../ui/controls';
import { PlusIcon } from '../ui/icons';
import { showToast } from '../ui/toasts';
import css from './add-todo.module.css';
import { addTodo } from './commands';
import { Counter } from './counter';
import { dayAfter, defaultTime } from './due';
import { listed, type Filters } from './filters';
import { clearLine, line } from './input-line';
import { readLine, type QuickTodo } from './quick-add';
import { lengthOf, MAX_TITLE_LENGTH } from './text';
import { TodoFacts } from './todo-facts';

/** The field that adds an item; shows how the text is understood while the user types. */
export function AddTodo({ field, filters }: { field: RefObject<HTMLInputElement | null>; filters: Filters }) {
  const m = useMessages();
  const [, navigate] = useLocation();
  const text = useStore(line);
  const now = useNow();
  const zone = useTimeZone();
  const todo = inView(readLine(text, now, zone), filters, now, zone);
  const isEmpty = text.trim() === '';
  const isTooLong = lengthOf(todo.title) > MAX_TITLE_LENGTH;

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (isEmpty || isTooLong) return;
    clearLine();
    const draft = addTodo(todo, text);
    if (listed([draft], filters, now, zone).length > 0) return;
    const action = { label: m.show, run: () => navigate(`/todos/${draft.id}`) };
    showToast(m.addedElsewhere(draft.title), { action });
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
          value={text}
          onChange={(event) => line.update(() => event.target.value)}
          onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
          placeholder={m.addTodo}
          aria-label={m.addTodo}
          aria-describedby="add-hint"
          aria-invalid={isTooLong ? true : undefined}
          enterKeyHint="done"
          autoComplete="off"
        />
        <Button type="submit" look="primary" className={css['button'] ?? ''} hidden={isEmpty} disabled={isTooLong}>
          {m.add}
        </Button>
      </div>
      <div className={css['below']}>
        <p id="add-hint" className={isEmpty ? css['hint'] : 'visually-hidden'}>
          {m.addHint}
        </p>
        {!isEmpty && <TodoFacts todo={{ ...todo, notes: null, status: 'open' }} />}
        <Counter title={todo.title} />
      </div>
    </form>
  );
}

/** What is added in a view belongs to it: in "Today" it is due today, under a tag it bears the tag. */
function inView(todo: QuickTodo, filters: Filters, now: Date, zone: string): QuickTodo {
  const tags = filters.tag && !todo.tags.includes(filters.tag) ? [...todo.tags, filters.tag] : todo.tags;
  if (todo.dueAt !== null || (filters.view !== 'today' && filters.view !== 'upcoming')) return { ...todo, tags };
  const days = filters.view === 'today' ? 0 : 1;
  return { ...todo, tags, dueAt: dayAfter(now, days, defaultTime(now, days, zone), zone).toISOString() };
}
