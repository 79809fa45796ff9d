// What the first view shows, asked for while the code that shows it is still on its way.
import { session } from '../auth/session';
import { inboxQuery } from '../inbox/data';
import { profileQuery } from '../settings/data';
import { listQuery } from '../todos/data';
import { queryClient } from './query-client';

/** Asks for what stands around every page of somebody who is signed in. A failure is shown by who needs the answer. */
export function askForFirstData(): void {
  if (session.get().state !== 'signed-in') return;
  const asked = [
    queryClient.infiniteQuery(inboxQuery),
    queryClient.query(listQuery('open')),
    queryClient.query(profileQuery),
  ];
  Promise.all(asked).catch(() => undefined);
}
