import { useEffect } from 'react';
import type { Person } from '../auth/session';
import type { Config } from '../config';
import { flushDeletions } from '../todos/commands';
import { forgetTodos } from '../todos/data';
import { queryClient } from './query-client';

/** What goes on in the background while somebody is signed in. */
export function SignedInWork({ person }: { person: Person; config: Config }) {
  useEffect(() => {
    window.addEventListener('pagehide', flushDeletions);
    return () => {
      window.removeEventListener('pagehide', flushDeletions);
      queryClient.clear();
      forgetTodos();
    };
  }, [person.id]);
  return null;
}
