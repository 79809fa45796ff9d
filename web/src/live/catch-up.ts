import type { QueryClient } from '@tanstack/react-query';

/**
 * Reads once more, behind what is shown, all that was asked for before now: what changed since was told to nobody here.
 * What is on its way was asked for before, too; it is shown first, so that a page that loads does so once to the eye.
 */
export async function catchUp(client: QueryClient): Promise<void> {
  const onTheirWay = client.getQueryCache().findAll({ fetchStatus: 'fetching' });
  await Promise.allSettled(onTheirWay.flatMap(({ promise }) => promise ?? []));
  await client.invalidateQueries();
}
