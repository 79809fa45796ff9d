import { useEffect, useRef, useState, type ComponentType } from 'react';
import { useLocation } from 'wouter';
import { inWords } from '../app/failure';
import { useTitle } from '../app/use-title';
import { useLanguage, useMessages } from '../i18n/i18n';
import { longMoment, useTimeZone } from '../i18n/time';
import { Bones, Button, Empty, IconButton } from '../ui/controls';
import {
  CalendarIcon,
  CheckIcon,
  ClipIcon,
  DoneIcon,
  DownloadIcon,
  InboxIcon,
  PenIcon,
  PlusIcon,
  RetryIcon,
  TrashIcon,
} from '../ui/icons';
import { say } from '../ui/toasts';
import { markAllRead, markRead, useInbox, useUnread, type Notification, type Shown } from './data';
import css from './inbox-page.module.css';

/** What has happened, newest first. */
export default function InboxPage() {
  const m = useMessages();
  useTitle(m.inbox);
  const [shown, setShown] = useState<Shown>('all');
  const inbox = useInbox(shown);
  const unread = useUnread();
  const onlyUnread = useRef<HTMLButtonElement>(null);
  const all = inbox.data?.pages.flatMap(({ items }) => items) ?? [];
  const entries = shown === 'all' ? all : all.filter(({ readAt }) => readAt === null);
  useFilled(inbox, entries.length);

  return (
    <>
      <header className={css['head']}>
        <h1>{m.inbox}</h1>
        <p role="status">{inbox.data && m.unreadCount(unread)}</p>
        <Button
          ref={onlyUnread}
          look="quiet"
          aria-pressed={shown === 'unread'}
          onClick={() => setShown(shown === 'all' ? 'unread' : 'all')}
        >
          {m.onlyUnread}
        </Button>
        {/* Never `disabled`: it would lose the focus with the press that leaves nothing to mark. */}
        <Button aria-disabled={unread === 0} onClick={() => unread > 0 && markAllRead().catch(sayFailed)}>
          {m.markAllRead}
        </Button>
      </header>
      {inbox.isError && !inbox.data && (
        <Empty glyph={<RetryIcon size={28} />} title={m.inboxFailedTitle}>
          <p>{inWords(inbox.error)}</p>
          <Button onClick={() => void inbox.refetch()}>{m.tryAgain}</Button>
        </Empty>
      )}
      {entries.length === 0 && (inbox.isPending || inbox.hasNextPage) && <Bones />}
      {inbox.data && entries.length === 0 && !inbox.hasNextPage && (
        <Empty glyph={<InboxIcon size={28} />} title={shown === 'all' ? m.inboxEmptyTitle : m.inboxNoneUnreadTitle}>
          <p>{shown === 'all' ? m.inboxEmptyText : m.inboxNoneUnreadText}</p>
        </Empty>
      )}
      {entries.length > 0 && (
        <ul className={css['list']} aria-label={m.inbox}>
          {entries.map((entry) => (
            <Row
              key={entry.id}
              entry={entry}
              onRead={(row) => (shown === 'all' ? focusEntry(row) : focusBeside(row, onlyUnread.current))}
            />
          ))}
        </ul>
      )}
      {entries.length > 0 && inbox.hasNextPage && (
        <div className={css['more']}>
          <Button disabled={inbox.isFetchingNextPage} onClick={() => void inbox.fetchNextPage()}>
            {m.loadMore}
          </Button>
        </div>
      )}
    </>
  );
}

/** Loads further pages while those that are there hold nothing to show. */
function useFilled(inbox: ReturnType<typeof useInbox>, entries: number): void {
  const { hasNextPage, isFetching, isError, fetchNextPage } = inbox;
  useEffect(() => {
    if (entries === 0 && hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [entries, hasNextPage, isFetching, isError, fetchNextPage]);
}

/** The button that had the focus goes with its entry's being unread; the entry itself stays. */
function focusEntry(row: HTMLElement): void {
  row.querySelector('button')?.focus();
}

/** The whole row goes; the same button of the next has the focus then, so that one can go on. */
function focusBeside(row: HTMLElement, otherwise: HTMLElement | null): void {
  const beside = row.nextElementSibling ?? row.previousElementSibling;
  const next = beside?.querySelector<HTMLElement>('button:last-child') ?? otherwise;
  next?.focus();
}

const GLYPHS: Partial<Record<string, ComponentType<{ size?: number }>>> = {
  'todo-created': PlusIcon,
  'todo-changed': PenIcon,
  'todo-completed': DoneIcon,
  'todo-reopened': RetryIcon,
  'todo-deleted': TrashIcon,
  'todo-due': CalendarIcon,
  'attachment-ready': ClipIcon,
  'attachment-rejected': ClipIcon,
  'export-ready': DownloadIcon,
};

interface RowProps {
  entry: Notification;
  /** Told of the row just before its entry is marked as read. */
  onRead: (row: HTMLElement) => void;
}

function Row({ entry, onRead }: RowProps) {
  const m = useMessages();
  const language = useLanguage();
  const zone = useTimeZone();
  const [, navigate] = useLocation();
  const Glyph = GLYPHS[entry.kind] ?? InboxIcon;
  const isUnread = entry.readAt === null;
  const target = targetOf(entry);
  const row = useRef<HTMLLIElement>(null);
  const read = () => {
    if (row.current) onRead(row.current);
    markRead(entry).catch(sayFailed);
  };
  const open = () => {
    if (isUnread) read();
    if (target) navigate(target);
  };
  return (
    <li ref={row} className={css['row']} data-unread={isUnread}>
      <button type="button" className={css['entry']} onClick={open}>
        <span className={css['glyph']}>
          <Glyph size={18} />
        </span>
        <span className={css['text']}>
          <span className={css['title']}>
            {isUnread && <span className="visually-hidden">{m.unread}: </span>}
            {entry.title}
          </span>
          <time dateTime={entry.occurredAt}>{longMoment(entry.occurredAt, language, zone)}</time>
        </span>
      </button>
      {isUnread && (
        <IconButton label={`${m.markRead}: ${entry.title}`} title={m.markRead} onClick={read}>
          <CheckIcon size={18} />
        </IconButton>
      )}
    </li>
  );
}

function targetOf({ kind, todoId }: Notification): string | null {
  if (kind === 'export-ready') return '/export';
  return todoId && kind !== 'todo-deleted' ? `/todos/${todoId}` : null;
}

function sayFailed(error: unknown): void {
  say(inWords(error), { tone: 'bad' });
}
