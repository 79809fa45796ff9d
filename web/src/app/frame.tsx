import { useCallback, useMemo, useState, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import type { User } from '../auth/session';
import { useLanguage, useMessages } from '../i18n/i18n';
import { useTimeZone } from '../i18n/time';
import { useUnread } from '../inbox/data';
import { Conflicts } from '../todos/conflict-dialog';
import { useTodoList, useTodos } from '../todos/data';
import { counts, readFilters } from '../todos/filters';
import { tagsOf } from '../todos/tags';
import { undoLast } from '../todos/undo';
import { Mark } from '../ui/brand';
import {
  CalendarIcon,
  DoneIcon,
  HelpIcon,
  InboxIcon,
  ListIcon,
  SettingsIcon,
  TagIcon,
  TodayIcon,
  TrashIcon,
  UsersIcon,
} from '../ui/icons';
import { Banner } from './banner';
import css from './frame.module.css';
import { ShortcutHelp } from './shortcut-help';
import { useShortcuts } from './shortcuts';
import { TabBar } from './tab-bar';
import { useNow } from './use-now';
import { useSearchParams } from './use-search';
import { isView, NavItem, tagPath } from './nav-item';

/** The layout around every page: navigation, and a banner for what does not work. */
export function Frame({ user, children }: { user: User; children: ReactNode }) {
  const m = useMessages();
  const [, navigate] = useLocation();
  const [isHelpShown, setHelpShown] = useState(false);
  useShortcuts({
    '?': () => setHelpShown(true),
    z: undoLast,
    'g l': () => navigate('/'),
    'g t': () => navigate('/?view=today'),
    'g u': () => navigate('/?view=upcoming'),
    'g i': () => navigate('/inbox'),
    'g s': () => navigate('/settings'),
  });
  const showHelp = useCallback(() => setHelpShown(true), []);
  return (
    <div className={css['frame']}>
      <a className={css['skip']} href="#content">
        {m.skipToContent}
      </a>
      <Sidebar user={user} onHelp={showHelp} />
      <div className={css['column']}>
        <Banner />
        <Conflicts />
        <main id="content" className={css['content']} tabIndex={-1}>
          {children}
        </main>
      </div>
      <TabBar user={user} onHelp={showHelp} />
      <ShortcutHelp isOpen={isHelpShown} onOpenChange={setHelpShown} />
    </div>
  );
}

function Sidebar({ user, onHelp }: { user: User; onHelp: () => void }) {
  const m = useMessages();
  const language = useLanguage();
  useTodoList('open', { enabled: true });
  const todos = useTodos();
  const now = useNow();
  const zone = useTimeZone();
  const open = useMemo(() => counts(todos, now, zone), [todos, now, zone]);
  const tags = useMemo(() => tagsOf(todos, language), [todos, language]);
  const unread = useUnread();
  const [path] = useLocation();
  const filters = readFilters(useSearchParams());
  return (
    <nav className={css['sidebar']} aria-label={m.navigation}>
      <Link href="/" className={css['brand'] ?? ''}>
        <Mark />
        {m.appName}
      </Link>
      <ul>
        <NavItem href="/" Icon={ListIcon} text={m.all} count={open.all} isCurrent={isView(path, filters, 'all')} />
        <NavItem
          href="/?view=today"
          Icon={TodayIcon}
          text={m.today}
          count={open.today}
          isCurrent={isView(path, filters, 'today')}
        />
        <NavItem
          href="/?view=upcoming"
          Icon={CalendarIcon}
          text={m.upcoming}
          isCurrent={isView(path, filters, 'upcoming')}
        />
        <NavItem
          href="/?view=completed"
          Icon={DoneIcon}
          text={m.completed}
          isCurrent={isView(path, filters, 'completed')}
        />
        <NavItem href="/deleted" Icon={TrashIcon} text={m.deletedItems} isCurrent={path === '/deleted'} />
      </ul>
      <Tags tags={tags} chosen={path === '/' ? filters.tag : ''} />
      <ul className={css['bottom']}>
        <NavItem href="/inbox" Icon={InboxIcon} text={m.inbox} unread={unread} isCurrent={path === '/inbox'} />
        <NavItem href="/settings" Icon={SettingsIcon} text={m.settings} isCurrent={path === '/settings'} />
        {user.isAdmin && <NavItem href="/users" Icon={UsersIcon} text={m.users} isCurrent={path === '/users'} />}
        <li>
          <button type="button" className={css['item']} onClick={onHelp}>
            <HelpIcon />
            <span>{m.shortcutsShort}</span>
            <kbd className={css['key']}>?</kbd>
          </button>
        </li>
      </ul>
    </nav>
  );
}

function Tags({ tags, chosen }: { tags: string[]; chosen: string }) {
  const m = useMessages();
  if (tags.length === 0) return null;
  return (
    <div className={css['tags']}>
      <h2>{m.tagsTitle}</h2>
      <ul>
        {tags.map((tag) => (
          <NavItem
            key={tag}
            href={tagPath(tag)}
            Icon={TagIcon}
            text={tag}
            isCurrent={tag.toLowerCase() === chosen.toLowerCase()}
          />
        ))}
      </ul>
    </div>
  );
}
