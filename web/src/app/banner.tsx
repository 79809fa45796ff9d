import { onlineManager, useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { useMessages } from '../i18n/i18n';
import { useStore } from '../store';
import { pending } from '../todos/data';
import css from './banner.module.css';
import { retryDelay } from './query-client';
import { unreachable, type Service } from './reachability';

/** Tells what cannot be reached at the moment, and what still works. */
export function Banner() {
  const m = useMessages();
  const isOnline = useSyncExternalStore(
    (listener) => onlineManager.subscribe(listener),
    () => onlineManager.isOnline(),
  );
  const down = useStore(unreachable);
  useRetryUnreachable(down);
  const text = !isOnline ? m.offline : textFor(down, m);
  const waiting = useStore(pending).length;
  return (
    <div role="status" className={css['place']}>
      {text && (
        <p className={css['banner']}>
          {text} {waiting > 0 && <span className={css['waiting']}>{m.changesWaiting(waiting)}</span>}
        </p>
      )}
    </div>
  );
}

function textFor(down: ReadonlySet<Service>, m: ReturnType<typeof useMessages>): string {
  if (down.has('todos')) return m.serviceDown;
  if (down.has('notifications')) return m.serviceDownInbox;
  if (down.has('users')) return m.serviceDownProfile;
  return '';
}

const KEYS: Record<Service, string[]> = {
  todos: ['todos', 'attachments'],
  users: ['profile', 'export', 'users'],
  notifications: ['inbox', 'preferences'],
};

/** Repeats the queries of unreachable services with growing delays until they answer. */
function useRetryUnreachable(down: ReadonlySet<Service>): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (down.size === 0) return;
    let timer: ReturnType<typeof setTimeout>;
    let attempt = 2;
    const again = () => {
      const keys = [...down].flatMap((service) => KEYS[service]);
      const isTheirs = ({ queryKey }: { queryKey: readonly unknown[] }) => keys.includes(String(queryKey[0]));
      // `cancelRefetch` would restart the retry delays of a running query.
      void queries.refetchQueries({ type: 'active', predicate: isTheirs }, { cancelRefetch: false });
      timer = setTimeout(again, retryDelay(++attempt));
    };
    timer = setTimeout(again, retryDelay(attempt));
    return () => clearTimeout(timer);
  }, [down, queries]);
}
