import { useRef, useState, type RefObject } from 'react';
import { useTitle } from '../app/use-title';
import { useLanguage, useMessages } from '../i18n/i18n';
import { dateTimeFormat, useTimeZone } from '../i18n/time';
import { Button, Empty, Skeleton } from '../ui/controls';
import { actionsClass, Dialog } from '../ui/dialog';
import { TrashIcon } from '../ui/icons';
import { shortTitle } from '../ui/toasts';
import { purgeTodos, restoreTodo } from './commands';
import { screenKey, useDeletedTodos } from './data';
import css from './deleted-page.module.css';
import { doesNotLoad, NotLoaded } from './not-loaded';
import type { DisplayedTodo } from './pending';
import { useKeepRowFocus } from './row-focus';

/** How long a deleted item is kept, in milliseconds; the service decides, this is what is shown. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/** The deleted items, which can be restored until they are purged. */
export default function DeletedPage() {
  const m = useMessages();
  const { todos, query } = useDeletedTodos();
  const [doomed, setDoomed] = useState<readonly DisplayedTodo[]>([]);
  const heading = useRef<HTMLHeadingElement>(null);
  const afterwards = useRef<HTMLElement>(null);
  const ask = (about: readonly DisplayedTodo[]) => {
    // When the dialog is cancelled, the focus returns to the button that opened it.
    afterwards.current = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    setDoomed(about);
  };
  const purge = () => {
    afterwards.current = heading.current;
    purgeTodos(doomed);
    setDoomed([]);
  };
  useTitle(m.deletedItems);
  useKeepRowFocus();
  return (
    <>
      <header className={css['head']}>
        <h1 ref={heading} tabIndex={-1}>
          {m.deletedItems}
        </h1>
        {todos.length > 0 && (
          <Button look="danger" onClick={() => ask(todos)}>
            {m.emptyDeleted}
          </Button>
        )}
      </header>
      {todos.length > 0 ? (
        <>
          <p className={css['about']}>{m.deletedText}</p>
          <ul aria-label={m.deletedItems}>
            {todos.map((todo) => (
              <DeletedRow key={screenKey(todo.id)} todo={todo} onPurge={() => ask([todo])} />
            ))}
          </ul>
        </>
      ) : (
        <NoRows query={query} />
      )}
      <PurgeDialog doomed={doomed} finalFocus={afterwards} onPurge={purge} onClose={() => setDoomed([])} />
    </>
  );
}

function NoRows({ query }: { query: ReturnType<typeof useDeletedTodos>['query'] }) {
  const m = useMessages();
  if (doesNotLoad(query)) return <NotLoaded retry={() => void query.refetch()} />;
  if (query.isPending) return <Skeleton />;
  return (
    <Empty glyph={<TrashIcon size={28} />} title={m.emptyDeletedTitle}>
      <p>{m.emptyDeletedText}</p>
    </Empty>
  );
}

function DeletedRow({ todo, onPurge }: { todo: DisplayedTodo; onPurge: () => void }) {
  const m = useMessages();
  const language = useLanguage();
  const zone = useTimeZone();
  const end = new Date(Date.parse(todo.deletedAt ?? '') + KEPT_MS);
  const day = dateTimeFormat(language, { dateStyle: 'medium', timeZone: zone }).format(end);
  return (
    <li className={css['row']} data-row={screenKey(todo.id)} aria-busy={todo.isPending}>
      <div className={css['text']}>
        <p dir="auto">{todo.title}</p>
        <p className={css['until']}>{m.deletedUntil(day)}</p>
      </div>
      <div className={css['actions']}>
        <Button data-focus aria-label={m.restoreTodo(todo.title)} onClick={() => restoreTodo(todo)}>
          {m.restore}
        </Button>
        <Button look="danger" aria-label={m.purgeTodo(todo.title)} onClick={onPurge}>
          {m.purge}
        </Button>
      </div>
    </li>
  );
}

interface PurgeDialogProps {
  doomed: readonly DisplayedTodo[];
  finalFocus: RefObject<HTMLElement | null>;
  onPurge: () => void;
  onClose: () => void;
}

function PurgeDialog({ doomed, finalFocus, onPurge, onClose }: PurgeDialogProps) {
  const m = useMessages();
  const cancel = useRef<HTMLButtonElement>(null);
  return (
    <Dialog
      title={m.purgeTitle}
      isOpen={doomed.length > 0}
      onOpenChange={(isOpen) => !isOpen && onClose()}
      initialFocus={cancel}
      finalFocus={finalFocus}
    >
      {doomed.length > 0 && (
        <>
          <p>{m.purgeText(doomed.length, shortTitle(doomed[0]?.title ?? ''))}</p>
          <div className={actionsClass}>
            <Button ref={cancel} onClick={onClose}>
              {m.cancel}
            </Button>
            <Button look="danger" onClick={onPurge}>
              {m.purge}
            </Button>
          </div>
        </>
      )}
    </Dialog>
  );
}
