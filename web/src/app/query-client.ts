import { QueryClient } from '@tanstack/react-query';
import { ApiError, isTransient } from '../api/problem';

/**
 * How long to wait before a retry, in milliseconds: as long as the service asks for, otherwise 0.5 s, doubled each time, at
 * most 8 s; plus a random part of up to a quarter, so that pages do not retry in step.
 */
export function retryDelay(attempt: number, error?: unknown): number {
  const wanted = error instanceof ApiError ? error.retryAfter : undefined;
  const wait = wanted === undefined ? Math.min(500 * 2 ** attempt, 8_000) : wanted * 1_000;
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

// From the start: a request that is made before React shows the first page, and has to wait for the network, goes on then.
queryClient.mount();
