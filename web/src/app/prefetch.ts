// Requests the data of the first view while its code still loads.
import { inboxQuery } from '../inbox/data';
import { profileQuery } from '../settings/data';
import { listQuery } from '../todos/data';
import { queryClient } from './query-client';

/** Requests the data that every signed-in page shows. The component that needs an answer reports its failure. */
export function prefetchFirstView(): void {
  const requests = [
    queryClient.infiniteQuery(inboxQuery),
    queryClient.query(listQuery('open')),
    queryClient.query(profileQuery),
  ];
  Promise.all(requests).catch(() => undefined);
}
