// Uploads of this tab. They continue while the user visits other pages.
import { ApiError, Unreachable } from '../api/problem';
import { reportError } from '../app/error-message';
import { Store } from '../store';
import { requestUpload, deleteAttachment, refreshAttachments } from './data';
import { isAcceptedType, findRejection, sanitizeName, type RejectionReason } from './files';

/** Why a file is not uploaded: for itself, or because there is no more room. */
export type UploadRejection = RejectionReason | 'too-many' | 'no-space';

export interface Upload {
  id: string;
  todoId: string;
  /** What the service calls the file, once it has signed the upload. */
  attachmentId: string | null;
  file: File;
  state: 'waiting' | 'sending' | 'failed' | 'refused';
  /** The uploaded part, from 0 to 1. */
  progress: number;
  rejection: UploadRejection | null;
}

export const uploads = new Store<readonly Upload[]>([]);

/** More at a time would only slow down each. */
const MAX_PARALLEL_UPLOADS = 3;
const running = new Map<string, AbortController>();

/** Starts uploading files to an item. */
export function startUploads(todoId: string, files: Iterable<File>): void {
  const added = [...files].map<Upload>((file) => {
    const rejection = findRejection(file);
    const state = rejection ? 'refused' : 'waiting';
    return { id: crypto.randomUUID(), todoId, attachmentId: null, file, state, progress: 0, rejection };
  });
  uploads.update((all) => [...all, ...added]);
  next();
}

/** Stops an upload, or removes a failed one from the list. An uploaded part is deleted. */
export function cancelUpload(id: string): void {
  running.get(id)?.abort();
  uploads.update((all) => all.filter((upload) => upload.id !== id));
}

/** Tries a failed upload again. */
export function retryUpload(id: string): void {
  change(id, { state: 'waiting', progress: 0, rejection: null });
  next();
}

// A file cannot be stored for later as a change can: the browser asks before it closes a page that uploads.
uploads.subscribe(() => {
  const isBusy = uploads.get().some(({ state }) => state === 'waiting' || state === 'sending');
  if (isBusy) window.addEventListener('beforeunload', confirmLeaving);
  else window.removeEventListener('beforeunload', confirmLeaving);
});

function confirmLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

function next(): void {
  for (const upload of uploads.get()) {
    if (running.size >= MAX_PARALLEL_UPLOADS) return;
    if (upload.state === 'waiting' && !running.has(upload.id)) void run(upload);
  }
}

async function run(upload: Upload): Promise<void> {
  const control = new AbortController();
  running.set(upload.id, control);
  change(upload.id, { state: 'sending' });
  try {
    await uploadFile(upload, control.signal);
    uploads.update((all) => all.filter(({ id }) => id !== upload.id));
  } catch (error) {
    if (!control.signal.aborted) change(upload.id, { state: 'failed', ...rejectionFrom(error) });
  } finally {
    running.delete(upload.id);
    next();
  }
}

async function uploadFile({ id, todoId, file }: Upload, signal: AbortSignal): Promise<void> {
  if (!isAcceptedType(file.type)) throw new Error('a file of an unsupported type was not rejected');
  const wanted = { name: sanitizeName(file.name), contentType: file.type, bytes: file.size };
  const { attachment, upload } = await requestUpload(todoId, wanted);
  change(id, { attachmentId: attachment.id });
  try {
    signal.throwIfAborted();
    await post(upload.url, upload.fields, file, signal, (progress) => change(id, { progress }));
  } catch (error) {
    deleteAttachment(todoId, attachment.id).catch(reportError);
    throw error;
  }
  await refreshAttachments(todoId);
}

/** Sends the form that the service has signed. By XMLHttpRequest, because `fetch` reports no upload progress. */
function post(
  url: string,
  fields: Record<string, string>,
  file: File,
  signal: AbortSignal,
  onProgress: (progress: number) => void,
): Promise<void> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  // S3 reads no field after the file.
  form.append('file', file);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(new ApiError(request.status, undefined));
    };
    request.onerror = () => reject(new Unreachable('the bucket did not answer'));
    request.onabort = () => reject(new Unreachable('the upload was stopped'));
    signal.addEventListener('abort', () => request.abort());
    request.send(form);
  });
}

function rejectionFrom(error: unknown): Partial<Upload> {
  if (!(error instanceof ApiError)) return {};
  if (error.code === 'too-many-attachments') return { rejection: 'too-many' };
  if (error.code === 'attachment-bytes-limit-reached') return { rejection: 'no-space' };
  if (error.code === 'too-large' || error.status === 413) return { rejection: 'too-large' };
  return {};
}

function change(id: string, part: Partial<Upload>): void {
  uploads.update((all) => all.map((upload) => (upload.id === id ? { ...upload, ...part } : upload)));
}
