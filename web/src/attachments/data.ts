// The files of an item. The service signs an upload, the browser sends the file to the bucket, and an event tells the
// result of the service's check.
import { MutationObserver, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { body, todosApi } from '../api/clients';
import type { components } from '../api/generated/todos';
import { ApiError } from '../api/problem';
import { queryClient } from '../app/query-client';
import { liveState } from '../live/state';
import { useStore } from '../store';
import type { ContentType } from './files';

export type Attachment = components['schemas']['Attachment'];

/** In milliseconds; the addresses in an answer are valid for 5 minutes. */
const STALE_MS = 4 * 60_000;

const keyOf = (todoId: string) => ['attachments', todoId];

/** The files of an item. */
export function useAttachments(todoId: string): UseQueryResult<Attachment[]> {
  const live = useStore(liveState);
  return useQuery({
    queryKey: keyOf(todoId),
    queryFn: async () => {
      const path = { id: todoId };
      return (await body(todosApi.GET('/todos/{id}/attachments', { params: { path } }))).items;
    },
    staleTime: STALE_MS,
    // An event tells when a file has been checked. Polls while the socket is closed, and rarely while it is open, because
    // its messages may be lost.
    refetchInterval: ({ state }) => {
      if (!state.data?.some(({ status }) => status === 'uploading')) return false;
      return live === 'open' ? 10_000 : 2_500;
    },
  });
}

/** Reads the files of an item again. */
export function refreshAttachments(todoId: string): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: keyOf(todoId) });
}

/** Requests a signed upload of a file, as often as the service asks to wait. */
export function requestUpload(todoId: string, file: { name: string; contentType: ContentType; bytes: number }) {
  const params = { path: { id: todoId } };
  return new MutationObserver(queryClient, {
    mutationFn: () => body(todosApi.POST('/todos/{id}/attachments', { params, body: file })),
    retry: (_failures, error) => error instanceof ApiError && error.status === 429,
    networkMode: 'always',
  }).mutate();
}

/** Deletes a file; a file that does not exist any more counts as deleted. */
export async function deleteAttachment(todoId: string, attachmentId: string): Promise<void> {
  const key = keyOf(todoId);
  await queryClient.cancelQueries({ queryKey: key });
  const before = queryClient.getQueryData<Attachment[]>(key);
  queryClient.setQueryData<Attachment[]>(key, (files) => files?.filter(({ id }) => id !== attachmentId));
  const path = { id: todoId, attachmentId };
  try {
    const { response, error } = await todosApi.DELETE('/todos/{id}/attachments/{attachmentId}', {
      params: { path },
    });
    if (!response.ok && response.status !== 404) throw new ApiError(response.status, error);
  } catch (error) {
    queryClient.setQueryData(key, before);
    throw error;
  }
  await refreshAttachments(todoId);
}
