import { useState, type ComponentType } from 'react';
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
import { markAllRead, markRead, useInbox, type Notification } from './data';
import css from './inbox-page.module.css';

/** What has happened, newest first. */
export default function InboxPage() {
  const m = useMessages();
  useTitle(m.inbox);
  const inbox = useInbox();
  const [shown, setShown] = useState<'all' | 'unread'>('all');
  const unread = inbox.data?.pages[0]?.unread ?? 0;
  const all = inbox.data?.pages.flatMap(({ items }) => items) ?? [];
  const entries = shown === 'all' ? all : all.filter(({ readAt }) => readAt === null);

  return (
    <>
      <header className={css['head']}>
        <h1>{m.inbox}</h1>
        <p role="status">{inbox.data && m.unreadCount(unread)}</p>
        <Button
          look="quiet"
          aria-pressed={shown === 'unread'}
          onClick={() => setShown(shown === 'all' ? 'unread' : 'all')}
        >
          {m.onlyUnread}
        </Button>
        <Button disabled={unread === 0} onClick={() => markAllRead().catch(sayFailed)}>
          {m.markAllRead}
        </Button>
      </header>
      {inbox.isPending && <Bones />}
      {inbox.isError && !inbox.data && (
        <Empty glyph={<RetryIcon size={28} />} title={m.inboxFailedTitle}>
          <p>{inWords(inbox.error)}</p>
          <Button onClick={() => void inbox.refetch()}>{m.tryAgain}</Button>
        </Empty>
      )}
      {inbox.data && entries.length === 0 && (
        <Empty glyph={<InboxIcon size={28} />} title={m.inboxEmptyTitle}>
          <p>{m.inboxEmptyText}</p>
        </Empty>
      )}
      {entries.length > 0 && (
        <ul className={css['list']} aria-label={m.inbox}>
          {entries.map((entry) => (
            <Row key={entry.id} entry={entry} />
          ))}
        </ul>
      )}
      {inbox.hasNextPage && (
        <div className={css['more']}>
          <Button disabled={inbox.isFetchingNextPage} onClick={() => void inbox.fetchNextPage()}>
            {m.loadMore}
          </Button>
        </div>
      )}
    </>
  );
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

function Row({ entry }: { entry: Notification }) {
  const m = useMessages();
  const language = useLanguage();
  const zone = useTimeZone();
  const [, navigate] = useLocation();
  const Glyph = GLYPHS[entry.kind] ?? InboxIcon;
  const isUnread = entry.readAt === null;
  const target = targetOf(entry);
  const open = () => {
    if (isUnread) markRead(entry).catch(sayFailed);
    if (target) navigate(target);
  };
  return (
    <li className={css['row']} data-unread={isUnread}>
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
        <IconButton
          label={`${m.markRead}: ${entry.title}`}
          title={m.markRead}
          onClick={() => markRead(entry).catch(sayFailed)}
        >
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
