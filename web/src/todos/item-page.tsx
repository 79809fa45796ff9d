import { useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useShortcuts } from '../app/shortcuts';
import { useTitle } from '../app/use-title';
import { Attachments } from '../attachments/attachments';
import { useLanguage, useMessages } from '../i18n/i18n';
import { formatDateTime, useTimeZone } from '../i18n/time';
import { useStore } from '../store';
import { Skeleton, Button, buttonClass, Empty } from '../ui/controls';
import { SelectField } from '../ui/select-field';
import { BackIcon, SearchIcon, TrashIcon } from '../ui/icons';
import { deleteTodo, editTodo, setStatus } from './commands';
import { known, realId, screenKey, useTodo, useTodoLoaded } from './data';
import { DueField } from './due-field';
import css from './item-page.module.css';
import type { Priority } from './known';
import { NotesField } from './notes-field';
import { doesNotLoad, NotLoaded } from './not-loaded';
import type { DisplayedTodo } from './pending';
import { lastView, recordOpened } from './list-position';
import { TagsField } from './tags-field';
import { TitleText } from './title-text';
import { TickBox } from './todo-row';

/** Everything about one item. */
export default function ItemPage({ id }: { id: string }) {
  const m = useMessages();
  const [, navigate] = useLocation();
  const todo = useTodo(id);
  const ownId = realId(id);
  useEffect(() => {
    if (ownId !== id) navigate(`/todos/${ownId}`, { replace: true });
  }, [ownId, id, navigate]);
  useEffect(() => recordOpened(screenKey(id)), [id]);
  // A draft has nothing to load yet.
  const loaded = useTodoLoaded(ownId, { enabled: todo?.version !== 0 });
  // What events and this device know of an item has no notes, or older ones.
  const isPartial = useStore(known).items.get(ownId)?.partial ?? false;
  useTitle(todo?.title ?? m.details);
  return (
    <>
      <Link href={lastView()} className={`${buttonClass('quiet')} ${css['back']}`}>
        <BackIcon size={18} />
        {m.back}
      </Link>
      {todo ? <Item todo={todo} areNotesKnown={loaded.isSuccess || !isPartial} /> : <Missing loaded={loaded} />}
    </>
  );
}

function Missing({ loaded }: { loaded: ReturnType<typeof useTodoLoaded> }) {
  const m = useMessages();
  if (doesNotLoad(loaded)) return <NotLoaded heading="h1" retry={() => void loaded.refetch()} />;
  if (loaded.isPending) return <Skeleton />;
  return (
    <Empty glyph={<SearchIcon size={28} />} heading="h1" title={m.itemGoneTitle}>
      <p>{m.itemGoneText}</p>
      <Link href="/deleted" className={buttonClass('plain')}>
        {m.deletedItems}
      </Link>
    </Empty>
  );
}

const PRIORITIES: [Priority, 'priorityHigh' | 'priorityNormal' | 'priorityLow'][] = [
  ['high', 'priorityHigh'],
  ['normal', 'priorityNormal'],
  ['low', 'priorityLow'],
];

function Item({ todo, areNotesKnown }: { todo: DisplayedTodo; areNotesKnown: boolean }) {
  const m = useMessages();
  const language = useLanguage();
  const zone = useTimeZone();
  const [, navigate] = useLocation();
  const remove = () => {
    navigate(lastView());
    deleteTodo(todo);
  };
  useShortcuts({
    x: () => setStatus(todo, todo.status === 'open' ? 'completed' : 'open'),
    '#': remove,
    Escape: () => navigate(lastView()),
  });
  return (
    <article className={css['item']} aria-busy={todo.isPending}>
      <header className={css['head']}>
        <TickBox todo={todo} />
        <TitleField todo={todo} />
      </header>
      <div className={css['facts']}>
        <DueField due={todo} onChange={(due) => editTodo(todo, due)} />
        <div className={css['priority']}>
          <SelectField
            label={m.priority}
            isLabelHidden
            value={todo.priority}
            tone={todo.priority}
            options={PRIORITIES.map(([value, text]) => ({ value, label: `${m.priority}: ${m[text]}` }))}
            onChange={(priority) => editTodo(todo, { priority })}
          />
        </div>
        <TagsField tags={todo.tags} onChange={(tags) => editTodo(todo, { tags })} />
      </div>
      <Notes key={screenKey(todo.id)} todo={todo} areKnown={areNotesKnown} />
      {todo.version > 0 && <Attachments todoId={todo.id} />}
      <footer className={css['foot']}>
        <p>
          {m.created(formatDateTime(todo.createdAt, language, zone))}
          {todo.updatedAt !== todo.createdAt && ` · ${m.changed(formatDateTime(todo.updatedAt, language, zone))}`}
        </p>
        <Button look="danger" onClick={remove}>
          <TrashIcon size={18} />
          {m.remove}
        </Button>
      </footer>
    </article>
  );
}

/** Notes that are not known yet must not be overwritten; once they are, an event does not take the field away. */
function Notes({ todo, areKnown }: { todo: DisplayedTodo; areKnown: boolean }) {
  const [wereKnown, setWereKnown] = useState(areKnown);
  if (areKnown && !wereKnown) setWereKnown(true);
  return areKnown || wereKnown ? <NotesField todo={todo} /> : <Skeleton />;
}

function TitleField({ todo }: { todo: DisplayedTodo }) {
  const m = useMessages();
  const [original, setOriginal] = useState(todo);
  return (
    <h1 className={css['title']} tabIndex={-1}>
      <TitleText
        title={todo.title}
        label={m.editTitle}
        status={todo.status}
        onBegin={() => setOriginal(todo)}
        onSave={(title) => editTodo(original, { title })}
      />
    </h1>
  );
}
