import { useState } from 'react';
import { useLocation } from 'wouter';
import type { User } from '../auth/session';
import { useLanguage, useMessages } from '../i18n/i18n';
import { useUnread } from '../inbox/data';
import { useTodos } from '../todos/data';
import { readFilters } from '../todos/filters';
import { tagsOf } from '../todos/tags';
import { Dialog } from '../ui/dialog';
import {
  CalendarIcon,
  DoneIcon,
  HelpIcon,
  InboxIcon,
  ListIcon,
  MoreIcon,
  SettingsIcon,
  TagIcon,
  TodayIcon,
  TrashIcon,
  UsersIcon,
} from '../ui/icons';
import css from './frame.module.css';
import { useSearchParams } from './use-search';
import { isView, NavItem, tagPath } from './nav-item';

interface Props {
  user: User;
  onHelp: () => void;
}

/** The navigation on a phone: four links in a bar at the bottom, the others in a sheet. */
export function TabBar({ user, onHelp }: Props) {
  const m = useMessages();
  const unread = useUnread();
  const [path] = useLocation();
  const filters = readFilters(useSearchParams());
  const [isMoreOpen, setMoreOpen] = useState(false);
  const isUnderMore =
    ['/deleted', '/settings', '/users', '/export'].includes(path) ||
    (path === '/' && (filters.tag !== '' || filters.view === 'completed'));
  return (
    <nav className={css['tabbar']} aria-label={m.views}>
      <ul>
        <NavItem href="/" Icon={ListIcon} text={m.all} isCurrent={isView(path, filters, 'all')} />
        <NavItem href="/?view=today" Icon={TodayIcon} text={m.today} isCurrent={isView(path, filters, 'today')} />
        <NavItem
          href="/?view=upcoming"
          Icon={CalendarIcon}
          text={m.upcomingShort}
          isCurrent={isView(path, filters, 'upcoming')}
        />
        <NavItem href="/inbox" Icon={InboxIcon} text={m.inbox} unread={unread} isCurrent={path === '/inbox'} />
        <li>
          <button
            type="button"
            className={css['item']}
            aria-haspopup="dialog"
            aria-expanded={isMoreOpen}
            aria-current={isUnderMore ? 'true' : undefined}
            onClick={() => setMoreOpen(true)}
          >
            <MoreIcon />
            <span>{m.moreWays}</span>
          </button>
        </li>
      </ul>
      <Dialog title={m.moreWays} size="sheet" isOpen={isMoreOpen} onOpenChange={setMoreOpen}>
        <More user={user} onHelp={onHelp} onDone={() => setMoreOpen(false)} />
      </Dialog>
    </nav>
  );
}

function More({ user, onHelp, onDone }: Props & { onDone: () => void }) {
  const m = useMessages();
  const [path] = useLocation();
  const filters = readFilters(useSearchParams());
  const help = () => {
    onDone();
    onHelp();
  };
  return (
    <>
      <ul className={css['more']}>
        <NavItem
          href="/?view=completed"
          Icon={DoneIcon}
          text={m.completed}
          isCurrent={isView(path, filters, 'completed')}
          onNavigate={onDone}
        />
        <NavItem
          href="/deleted"
          Icon={TrashIcon}
          text={m.deletedItems}
          isCurrent={path === '/deleted'}
          onNavigate={onDone}
        />
        <NavItem
          href="/settings"
          Icon={SettingsIcon}
          text={m.settings}
          isCurrent={path === '/settings'}
          onNavigate={onDone}
        />
        {user.isAdmin && (
          <NavItem href="/users" Icon={UsersIcon} text={m.users} isCurrent={path === '/users'} onNavigate={onDone} />
        )}
        <li>
          <button type="button" className={css['item']} onClick={help}>
            <HelpIcon />
            <span>{m.shortcuts}</span>
          </button>
        </li>
      </ul>
      <MoreTags chosen={path === '/' ? filters.tag : ''} onDone={onDone} />
    </>
  );
}

function MoreTags({ chosen, onDone }: { chosen: string; onDone: () => void }) {
  const m = useMessages();
  const tags = tagsOf(useTodos(), useLanguage());
  if (tags.length === 0) return null;
  return (
    <div className={css['moreTags']}>
      <h3>{m.tagsTitle}</h3>
      <ul>
        {tags.map((tag) => (
          <NavItem
            key={tag}
            href={tagPath(tag)}
            Icon={TagIcon}
            text={tag}
            isCurrent={tag.toLowerCase() === chosen.toLowerCase()}
            onNavigate={onDone}
          />
        ))}
      </ul>
    </div>
  );
}
