import type { QueryClient } from '@tanstack/react-query';

/**
 * Reloads in the background all data that was requested before now, because changes since then were not received. Requests
 * that are under way finish first, so that a loading page is rendered once.
 */
export async function catchUp(client: QueryClient): Promise<void> {
  const onTheirWay = client.getQueryCache().findAll({ fetchStatus: 'fetching' });
  await Promise.allSettled(onTheirWay.flatMap(({ promise }) => promise ?? []));
  await client.invalidateQueries();
}
