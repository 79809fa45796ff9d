import type { ComponentType } from 'react';
import { Link } from 'wouter';
import { useMessages } from '../i18n/i18n';
import { readFilters, writeFilters, type Filters } from '../todos/filters';
import css from './frame.module.css';

interface Props {
  href: string;
  Icon: ComponentType;
  text: string;
  isHere: boolean;
  count?: number;
  unread?: number;
  onVisit?: () => void;
}

/** A way to another page, in a list of such ways. */
export function Way({ href, Icon, text, isHere, count = 0, unread = 0, onVisit }: Props) {
  const m = useMessages();
  return (
    <li>
      <Link href={href} className={css['item'] ?? ''} aria-current={isHere ? 'page' : undefined} onClick={onVisit}>
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

/** The way to all open items with a tag. */
export function wayToTag(tag: string): string {
  return `/?${writeFilters({ ...readFilters(new URLSearchParams()), tag }).toString()}`;
}

/** Whether a page of the list is a view and nothing narrower. */
export function isView(path: string, filters: Filters, view: Filters['view']): boolean {
  return path === '/' && filters.view === view && filters.tag === '';
}
