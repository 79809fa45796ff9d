import type { ComponentType } from 'react';
import { Link } from 'wouter';
import { useMessages } from '../i18n/i18n';
import { readFilters, writeFilters, type Filters } from '../todos/filters';
import css from './frame.module.css';

interface Props {
  href: string;
  Icon: ComponentType;
  text: string;
  isCurrent: boolean;
  count?: number;
  unread?: number;
  onNavigate?: () => void;
}

/** A link in a navigation list. */
export function NavItem({ href, Icon, text, isCurrent, count = 0, unread = 0, onNavigate }: Props) {
  const m = useMessages();
  return (
    <li>
      <Link
        href={href}
        className={css['item'] ?? ''}
        aria-current={isCurrent ? 'page' : undefined}
        onClick={onNavigate}
      >
        <Icon />
        <span>
          <bdi>{text}</bdi>
        </span>
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

/** The path of the list of all open items with a tag. */
export function tagPath(tag: string): string {
  return `/?${writeFilters({ ...readFilters(new URLSearchParams()), tag }).toString()}`;
}

/** Whether a page of the list is a view and nothing narrower. */
export function isView(path: string, filters: Filters, view: Filters['view']): boolean {
  return path === '/' && filters.view === view && filters.tag === '';
}
