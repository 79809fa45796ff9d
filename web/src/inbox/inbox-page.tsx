import { useEffect, useRef, useState, type ComponentType } from 'react';
import { useLocation } from 'wouter';
import { NotDeployed } from '../api/problem';
import { errorMessage } from '../app/error-message';
import { useTitle } from '../app/use-title';
import { useLanguage, useMessages } from '../i18n/i18n';
import { formatDateTime, useTimeZone } from '../i18n/time';
import { Skeleton, Button, Empty, IconButton } from '../ui/controls';
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
import { showToast } from '../ui/toasts';
import { markAllRead, markRead, useInbox, useUnread, type Notification, type Shown } from './data';
import css from './inbox-page.module.css';

/** The inbox, newest entry first. */
export default function InboxPage() {
  const m = useMessages();
  useTitle(m.inbox);
  const [shown, setShown] = useState<Shown>('all');
  const inbox = useInbox(shown);
  const unread = useUnread();
  const onlyUnread = useRef<HTMLButtonElement>(null);
  const all = inbox.data?.pages.flatMap(({ items }) => items) ?? [];
  const entries = shown === 'all' ? all : all.filter(({ readAt }) => readAt === null);
  // Without a network.
  const isWaiting = inbox.isPending && inbox.fetchStatus === 'paused';
  useLoadUntilFilled(inbox, entries.length);

  if (inbox.error instanceof NotDeployed) {
    return (
      <Empty glyph={<InboxIcon size={28} />} heading="h1" title={m.inboxNotDeployedTitle}>
        <p>{m.inboxNotDeployedText}</p>
      </Empty>
    );
  }
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
        <Button aria-disabled={unread === 0} onClick={() => unread > 0 && markAllRead().catch(showErrorToast)}>
          {m.markAllRead}
        </Button>
      </header>
      {inbox.isError && !inbox.data && (
        <Empty glyph={<RetryIcon size={28} />} title={m.inboxFailedTitle}>
          <p>{errorMessage(inbox.error)}</p>
          <Button onClick={() => void inbox.refetch()}>{m.tryAgain}</Button>
        </Empty>
      )}
      {entries.length === 0 && !isWaiting && (inbox.isPending || inbox.hasNextPage) && <Skeleton />}
      {isWaiting && (
        <Empty glyph={<InboxIcon size={28} />} title={m.pageWaitsTitle}>
          <p>{m.pageWaitsText}</p>
        </Empty>
      )}
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
              onRead={(row) => (shown === 'all' ? focusEntry(row) : focusNeighbour(row, onlyUnread.current))}
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

/** Loads further pages while the loaded ones have no entry to show. */
function useLoadUntilFilled(inbox: ReturnType<typeof useInbox>, entries: number): void {
  const { hasNextPage, isFetching, isError, fetchNextPage } = inbox;
  useEffect(() => {
    if (entries === 0 && hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [entries, hasNextPage, isFetching, isError, fetchNextPage]);
}

/** Focuses the entry, because its button disappears once the entry is read. */
function focusEntry(row: HTMLElement): void {
  row.querySelector('button')?.focus();
}

/** Focuses the same button of the next row, because this row disappears. */
function focusNeighbour(row: HTMLElement, otherwise: HTMLElement | null): void {
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
  /** Called with the row just before its entry is marked as read. */
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
    markRead(entry).catch(showErrorToast);
  };
  const open = () => {
    if (isUnread) read();
    if (target) navigate(target);
  };
  return (
    <li ref={row} className={css['row']} data-unread={isUnread} data-kind={entry.kind}>
      <button type="button" className={css['entry']} onClick={open}>
        <span className={css['glyph']}>
          <Glyph size={18} />
        </span>
        <span className={css['text']}>
          <span className={css['title']}>
            {isUnread && <span className="visually-hidden">{m.unread}: </span>}
            <bdi>{entry.title}</bdi>
          </span>
          <time dateTime={entry.occurredAt}>{formatDateTime(entry.occurredAt, language, zone)}</time>
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

function showErrorToast(error: unknown): void {
  showToast(errorMessage(error), { tone: 'bad' });
}
