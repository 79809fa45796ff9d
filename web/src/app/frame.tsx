import { useCallback, useState, type ComponentType, type ReactNode } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import type { Person } from '../auth/session';
import { useLanguage, useMessages } from '../i18n/i18n';
import { useTimeZone } from '../i18n/time';
import { useUnread } from '../inbox/data';
import { ConflictDialog } from '../todos/conflict-dialog';
import { useTodoList, useTodos } from '../todos/data';
import { counts, readFilters, tagsOf, writeFilters, type Filters } from '../todos/filters';
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
  UsersIcon,
} from '../ui/icons';
import { Banner } from './banner';
import css from './frame.module.css';
import { ShortcutHelp } from './shortcut-help';
import { useShortcuts } from './shortcuts';
import { useNow } from './use-now';

/** What stands around every page: the ways to the others, and word of what does not work. */
export function Frame({ person, children }: { person: Person; children: ReactNode }) {
  const m = useMessages();
  const [, navigate] = useLocation();
  const [isHelpShown, setHelpShown] = useState(false);
  useShortcuts({
    '?': () => setHelpShown(true),
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
      <Sidebar person={person} onHelp={showHelp} />
      <div className={css['column']}>
        <Banner />
        <main id="content" className={css['content']} tabIndex={-1}>
          {children}
        </main>
      </div>
      <TabBar />
      <ConflictDialog />
      <ShortcutHelp isOpen={isHelpShown} onOpenChange={setHelpShown} />
    </div>
  );
}

function Sidebar({ person, onHelp }: { person: Person; onHelp: () => void }) {
  const m = useMessages();
  const language = useLanguage();
  useTodoList('open', { enabled: true });
  const todos = useTodos();
  const open = counts(todos, useNow(), useTimeZone());
  const unread = useUnread();
  const [path] = useLocation();
  const filters = readFilters(new URLSearchParams(useSearch()));
  const onList = path === '/';
  return (
    <nav className={css['sidebar']} aria-label={m.navigation}>
      <Link href="/" className={css['brand'] ?? ''}>
        <Mark />
        {m.appName}
      </Link>
      <ul>
        <Item href="/" Icon={ListIcon} text={m.all} count={open.all} isHere={isView(onList, filters, 'all')} />
        <Item
          href="/?view=today"
          Icon={TodayIcon}
          text={m.today}
          count={open.today}
          isHere={isView(onList, filters, 'today')}
        />
        <Item
          href="/?view=upcoming"
          Icon={CalendarIcon}
          text={m.upcoming}
          isHere={isView(onList, filters, 'upcoming')}
        />
        <Item
          href="/?view=completed"
          Icon={DoneIcon}
          text={m.completed}
          isHere={isView(onList, filters, 'completed')}
        />
      </ul>
      <Tags tags={tagsOf(todos, language)} chosen={onList ? filters.tag : ''} />
      <ul className={css['bottom']}>
        <Item href="/inbox" Icon={InboxIcon} text={m.inbox} unread={unread} isHere={path === '/inbox'} />
        <Item href="/settings" Icon={SettingsIcon} text={m.settings} isHere={path === '/settings'} />
        {person.isAdmin && <Item href="/users" Icon={UsersIcon} text={m.users} isHere={path === '/users'} />}
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
        {tags.slice(0, 30).map((tag) => (
          <Item
            key={tag}
            href={`/?${writeFilters({ ...readFilters(new URLSearchParams()), tag }).toString()}`}
            Icon={TagIcon}
            text={tag}
            isHere={tag === chosen}
          />
        ))}
      </ul>
    </div>
  );
}

/** The same ways on a phone, within reach of a thumb. */
function TabBar() {
  const m = useMessages();
  const unread = useUnread();
  const [path] = useLocation();
  const filters = readFilters(new URLSearchParams(useSearch()));
  const onList = path === '/';
  return (
    <nav className={css['tabbar']} aria-label={m.views}>
      <ul>
        <Item href="/" Icon={ListIcon} text={m.all} isHere={onList && !['today', 'upcoming'].includes(filters.view)} />
        <Item href="/?view=today" Icon={TodayIcon} text={m.today} isHere={onList && filters.view === 'today'} />
        <Item
          href="/?view=upcoming"
          Icon={CalendarIcon}
          text={m.upcoming}
          isHere={onList && filters.view === 'upcoming'}
        />
        <Item href="/inbox" Icon={InboxIcon} text={m.inbox} unread={unread} isHere={path === '/inbox'} />
        <Item href="/settings" Icon={SettingsIcon} text={m.settingsShort} isHere={path === '/settings'} />
      </ul>
    </nav>
  );
}

interface ItemProps {
  href: string;
  Icon: ComponentType;
  text: string;
  isHere: boolean;
  count?: number;
  unread?: number;
}

function Item({ href, Icon, text, isHere, count = 0, unread = 0 }: ItemProps) {
  const m = useMessages();
  return (
    <li>
      <Link href={href} className={css['item'] ?? ''} aria-current={isHere ? 'page' : undefined}>
        <Icon />
        <span>{text}</span>
        {count > 0 && <span className={css['count']}>{count}</span>}
        {unread > 0 && (
          <>
            <span className="visually-hidden">{m.unreadCount(unread)}</span>
            <span className={css['badge']} aria-hidden="true">
              {unread > 99 ? '99+' : unread}
            </span>
          </>
        )}
      </Link>
    </li>
  );
}

function isView(onList: boolean, filters: Filters, view: Filters['view']): boolean {
  return onList && filters.view === view && filters.tag === '';
}
