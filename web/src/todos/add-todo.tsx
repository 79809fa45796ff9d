import { useEffect, useEffectEvent, type KeyboardEvent, type RefObject, type SyntheticEvent } from 'react';
import { useLocation } from 'wouter';
import { useNow } from '../app/use-now';
import { useMessages } from '../i18n/i18n';
import { useTimeZone } from '../i18n/time';
import { useStore } from '../store';
import { Button } from '../ui/controls';
import { PlusIcon } from '../ui/icons';
import { shortTitle, showToast } from '../ui/toasts';
import { whenIdle } from '../ui/when-idle';
import css from './add-todo.module.css';
import { addTodo } from './commands';
import { Counter } from './counter';
import { finder, loadFinder, waitForFinder } from './date-finder';
import { NO_DUE, wholeDay } from './due';
import { listed, type Filters } from './filters';
import { keepAsText, line, plainParts, submitLine, submitted, takeSubmitted, writeLine } from './input-line';
import { readLine, type Part, type QuickTodo } from './quick-add';
import { Announcement, Highlight, Recognised } from './recognised-line';
import { hasTag, MAX_TAGS } from './tags';
import { lengthOf, MAX_TITLE_LENGTH } from './text';
import { TodoFacts } from './todo-facts';

/** The field that adds an item; marks in the text what is understood, and shows its meaning, while the user types. */
export function AddTodo({ field, filters }: { field: RefObject<HTMLInputElement | null>; filters: Filters }) {
  const m = useMessages();
  const [, navigate] = useLocation();
  const text = useStore(line);
  useStore(plainParts);
  const lines = useStore(submitted);
  useStore(finder);
  const now = useNow();
  const zone = useTimeZone();
  const read = (text: string, plain: readonly string[]) =>
    readLine(text, plain, (text) => finder.get()?.(text, now, zone) ?? []);
  const { todo: written, parts, hasTooManyTags } = read(text, plainParts.get());
  const todo = inView(written, filters, now, zone);
  const isEmpty = text.trim() === '';
  const isTooLong = lengthOf(todo.title) > MAX_TITLE_LENGTH;
  useEffect(() => whenIdle(loadFinder), []);

  const add = (text: string, plain: readonly string[]) => {
    const draft = addTodo(inView(read(text, plain).todo, filters, now, zone), text);
    if (listed([draft], filters, now, zone).length > 0) return;
    const action = { label: m.show, run: () => navigate(`/todos/${draft.id}`) };
    showToast(m.addedElsewhere(shortTitle(draft.title)), { action });
  };
  const addSubmitted = useEffectEvent(async () => {
    if (!finder.get()) await waitForFinder();
    for (let next = takeSubmitted(); next; next = takeSubmitted()) add(next.text, next.plain);
  });
  useEffect(() => {
    if (lines.length > 0) void addSubmitted();
  }, [lines]);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!isEmpty && !isTooLong) submitLine();
  };
  const refuse = ({ start, end }: Part) => {
    keepAsText(text.slice(start, end));
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === 'Escape') event.currentTarget.blur();
    const part = refusedBy(event, parts);
    if (!part) return;
    event.preventDefault();
    refuse(part);
  };
  return (
    <form className={css['add']} onSubmit={submit} aria-busy={lines.length > 0}>
      <div className={css['line']}>
        <span className={css['plus']}>
          <PlusIcon />
        </span>
        <div className={css['text']}>
          <Highlight text={text} parts={parts} field={field} />
          <input
            ref={field}
            className={css['field']}
            dir="auto"
            value={text}
            onChange={(event) => writeLine(event.target.value)}
            onKeyDown={onKeyDown}
            onFocus={() => void loadFinder()}
            placeholder={m.addTodo}
            aria-label={m.addTodo}
            aria-describedby="add-hint"
            aria-invalid={isTooLong ? true : undefined}
            enterKeyHint="done"
            autoComplete="off"
          />
        </div>
        <Button type="submit" look="primary" className={css['button'] ?? ''} hidden={isEmpty} disabled={isTooLong}>
          {m.add}
        </Button>
      </div>
      <div className={css['below']}>
        <p id="add-hint" className={isEmpty ? css['hint'] : 'visually-hidden'}>
          {m.addHint}
        </p>
        <Recognised text={text} parts={parts} onRefuse={refuse} />
        {!isEmpty && <TodoFacts todo={{ ...ofView(todo, written), notes: null, status: 'open' }} />}
        <p role="status" className={css['hint']}>
          {hasTooManyTags && m.mostTags(MAX_TAGS)}
        </p>
        <Counter title={todo.title} />
        <Announcement text={text} parts={parts} />
      </div>
    </form>
  );
}

/** The part directly before the cursor when Backspace is pressed, but not when it is held down to delete text. */
function refusedBy(event: KeyboardEvent<HTMLInputElement>, parts: readonly Part[]): Part | undefined {
  const { selectionStart, selectionEnd } = event.currentTarget;
  const isHeld = event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
  if (event.key !== 'Backspace' || isHeld || selectionStart !== selectionEnd) return undefined;
  return parts.find(({ end }) => end === selectionEnd);
}

/** What the view adds to that which was written. */
function ofView(todo: QuickTodo, written: QuickTodo): Omit<QuickTodo, 'title'> {
  const tags = todo.tags.filter((tag) => !hasTag(written, tag));
  const { dueAt, allDay } = written.dueAt === null ? todo : NO_DUE;
  return { dueAt, allDay, priority: 'normal', tags };
}

/** What is added in a view belongs to it: in "Today" it is due today, under a tag it bears the tag. */
function inView(todo: QuickTodo, filters: Filters, now: Date, zone: string): QuickTodo {
  const isMissing = filters.tag !== '' && !hasTag(todo, filters.tag) && todo.tags.length < MAX_TAGS;
  const tags = isMissing ? [...todo.tags, filters.tag] : todo.tags;
  if (todo.dueAt !== null || (filters.view !== 'today' && filters.view !== 'upcoming')) return { ...todo, tags };
  return { ...todo, tags, ...wholeDay(now, filters.view === 'today' ? 0 : 1, zone) };
}
