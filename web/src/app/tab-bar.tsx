import { useState } from 'react';
import { useLocation } from 'wouter';
import type { Person } from '../auth/session';
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
  UsersIcon,
} from '../ui/icons';
import css from './frame.module.css';
import { useSearchParams } from './use-search';
import { isView, Way, wayToTag } from './way';

interface Props {
  person: Person;
  onHelp: () => void;
}

/** The ways on a phone, within reach of a thumb: four at once, the others in a sheet. */
export function TabBar({ person, onHelp }: Props) {
  const m = useMessages();
  const unread = useUnread();
  const [path] = useLocation();
  const filters = readFilters(useSearchParams());
  const [isMoreOpen, setMoreOpen] = useState(false);
  const isUnderMore =
    ['/settings', '/users', '/export'].includes(path) ||
    (path === '/' && (filters.tag !== '' || filters.view === 'completed'));
  return (
    <nav className={css['tabbar']} aria-label={m.views}>
      <ul>
        <Way href="/" Icon={ListIcon} text={m.all} isHere={isView(path, filters, 'all')} />
        <Way href="/?view=today" Icon={TodayIcon} text={m.today} isHere={isView(path, filters, 'today')} />
        <Way
          href="/?view=upcoming"
          Icon={CalendarIcon}
          text={m.upcomingShort}
          isHere={isView(path, filters, 'upcoming')}
        />
        <Way href="/inbox" Icon={InboxIcon} text={m.inbox} unread={unread} isHere={path === '/inbox'} />
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
        <More person={person} onHelp={onHelp} onDone={() => setMoreOpen(false)} />
      </Dialog>
    </nav>
  );
}

function More({ person, onHelp, onDone }: Props & { onDone: () => void }) {
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
        <Way
          href="/?view=completed"
          Icon={DoneIcon}
          text={m.completed}
          isHere={isView(path, filters, 'completed')}
          onVisit={onDone}
        />
        <Way href="/settings" Icon={SettingsIcon} text={m.settings} isHere={path === '/settings'} onVisit={onDone} />
        {person.isAdmin && (
          <Way href="/users" Icon={UsersIcon} text={m.users} isHere={path === '/users'} onVisit={onDone} />
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
          <Way key={tag} href={wayToTag(tag)} Icon={TagIcon} text={tag} isHere={tag === chosen} onVisit={onDone} />
        ))}
      </ul>
    </div>
  );
}
