import { QueryClient } from '@tanstack/react-query';
import { isTransient } from '../api/problem';

/** Waits 0.5 s, then twice as long each time, at most 8 s, with up to a quarter of it more, so that pages do not march. */
export function backOff(attempt: number): number {
  const wait = Math.min(500 * 2 ** attempt, 8_000);
  return wait * (1 + Math.random() / 4);
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (failures, error) => isTransient(error) && failures < 3,
      retryDelay: backOff,
    },
    mutations: {
      // The page promises that a change waits until the service answers.
      retry: (_failures, error) => isTransient(error),
      retryDelay: backOff,
    },
  },
});
