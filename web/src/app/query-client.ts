import { QueryClient } from '@tanstack/react-query';
import { isTransient } from '../api/problem';

/** 0.5 s, doubled each time, at most 8 s, plus a random part of up to a quarter, so that pages do not retry in step. */
export function retryDelay(attempt: number): number {
  const wait = Math.min(500 * 2 ** attempt, 8_000);
  return wait * (1 + Math.random() / 4);
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (failures, error) => isTransient(error) && failures < 3,
      retryDelay,
    },
    mutations: {
      // A change is retried until the service answers.
      retry: (_failures, error) => isTransient(error),
      retryDelay,
    },
  },
});
