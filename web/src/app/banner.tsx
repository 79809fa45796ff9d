import { onlineManager, useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { useMessages } from '../i18n/i18n';
import { useStore } from '../store';
import { pending } from '../todos/data';
import css from './banner.module.css';
import { backOff } from './query-client';
import { unreachable, type Service } from './reachability';

/** Says what cannot be reached at the moment, and what still works. */
export function Banner() {
  const m = useMessages();
  const isOnline = useSyncExternalStore(
    (listener) => onlineManager.subscribe(listener),
    () => onlineManager.isOnline(),
  );
  const down = useStore(unreachable);
  useRecovery(down);
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

/** Asks a service that has failed again, less and less often, until it answers; never one that works. */
function useRecovery(down: ReadonlySet<Service>): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (down.size === 0) return;
    let timer: ReturnType<typeof setTimeout>;
    let attempt = 2;
    const again = () => {
      const keys = [...down].flatMap((service) => KEYS[service]);
      const isTheirs = ({ queryKey }: { queryKey: readonly unknown[] }) => keys.includes(String(queryKey[0]));
      // `cancelRefetch` would start the waits of one under way from the beginning.
      void queries.refetchQueries({ type: 'active', predicate: isTheirs }, { cancelRefetch: false });
      timer = setTimeout(again, backOff(++attempt));
    };
    timer = setTimeout(again, backOff(attempt));
    return () => clearTimeout(timer);
  }, [down, queries]);
}
