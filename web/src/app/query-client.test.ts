import { onlineManager } from '@tanstack/react-query';
import { expect, test } from 'vitest';
import { queryClient } from './query-client';

test('a request that waits for the network goes on with it, before any page is shown', async () => {
  onlineManager.setOnline(false);
  const answer = queryClient.query({ queryKey: ['waits'], queryFn: () => Promise.resolve('here') });
  expect(queryClient.getQueryState(['waits'])?.fetchStatus).toBe('paused');
  onlineManager.setOnline(true);
  await expect(answer).resolves.toBe('here');
});
