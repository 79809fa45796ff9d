// Uploads that this tab has under way. They go on while the user looks at other pages of it.
import { ApiError, Unreachable } from '../api/problem';
import { report } from '../app/failure';
import { Store } from '../store';
import { askForUpload, deleteAttachment, refreshAttachments } from './data';
import { isTaken, refusalOf, sendableName, type Refusal } from './files';

export interface Upload {
  id: string;
  todoId: string;
  /** What the service calls the file, once it has signed the upload. */
  attachmentId: string | null;
  file: File;
  state: 'waiting' | 'sending' | 'failed' | 'refused';
  /** How much has arrived, from 0 to 1. */
  share: number;
  refusal: Refusal | 'too-many' | null;
}

export const uploads = new Store<readonly Upload[]>([]);

/** So many at a time: more would only make each slower. */
const AT_ONCE = 3;
const running = new Map<string, AbortController>();

/** Starts uploading files to an item. */
export function startUploads(todoId: string, files: Iterable<File>): void {
  const added = [...files].map<Upload>((file) => {
    const refusal = refusalOf(file);
    const state = refusal ? 'refused' : 'waiting';
    return { id: crypto.randomUUID(), todoId, attachmentId: null, file, state, share: 0, refusal };
  });
  uploads.update((all) => [...all, ...added]);
  next();
}

/** Stops an upload, or takes one that failed off the list. What had arrived is deleted. */
export function cancelUpload(id: string): void {
  running.get(id)?.abort();
  uploads.update((all) => all.filter((upload) => upload.id !== id));
}

/** Tries a failed upload again. */
export function retryUpload(id: string): void {
  change(id, { state: 'waiting', share: 0, refusal: null });
  next();
}

// A file cannot be kept for later as a change can: the browser asks before it closes a page that sends one.
uploads.subscribe(() => {
  const isBusy = uploads.get().some(({ state }) => state === 'waiting' || state === 'sending');
  if (isBusy) window.addEventListener('beforeunload', ask);
  else window.removeEventListener('beforeunload', ask);
});

function ask(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

function next(): void {
  for (const upload of uploads.get()) {
    if (running.size >= AT_ONCE) return;
    if (upload.state === 'waiting' && !running.has(upload.id)) void run(upload);
  }
}

async function run(upload: Upload): Promise<void> {
  const control = new AbortController();
  running.set(upload.id, control);
  change(upload.id, { state: 'sending' });
  try {
    await deliver(upload, control.signal);
    uploads.update((all) => all.filter(({ id }) => id !== upload.id));
  } catch (error) {
    if (!control.signal.aborted) change(upload.id, { state: 'failed', ...refusalIn(error) });
  } finally {
    running.delete(upload.id);
    next();
  }
}

async function deliver({ id, todoId, file }: Upload, signal: AbortSignal): Promise<void> {
  if (!isTaken(file.type)) throw new Error('a file of a type that is not taken was not refused');
  const wanted = { name: sendableName(file.name), contentType: file.type, bytes: file.size };
  const { attachment, upload } = await askForUpload(todoId, wanted);
  change(id, { attachmentId: attachment.id });
  try {
    signal.throwIfAborted();
    await post(upload.url, upload.fields, file, signal, (share) => change(id, { share }));
  } catch (error) {
    deleteAttachment(todoId, attachment.id).catch(report);
    throw error;
  }
  await refreshAttachments(todoId);
}

/** Sends the form that the service has signed. `fetch` tells nothing of how far it is, so this is the older way. */
function post(
  url: string,
  fields: Record<string, string>,
  file: File,
  signal: AbortSignal,
  onShare: (share: number) => void,
): Promise<void> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  // S3 reads no field after the file.
  form.append('file', file);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.upload.onprogress = ({ loaded, total }) => onShare(total > 0 ? loaded / total : 0);
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

function refusalIn(error: unknown): Partial<Upload> {
  if (!(error instanceof ApiError)) return {};
  if (error.code.startsWith('too-many')) return { refusal: 'too-many' };
  if (error.code === 'too-large' || error.status === 413) return { refusal: 'too-large' };
  return {};
}

function change(id: string, part: Partial<Upload>): void {
  uploads.update((all) => all.map((upload) => (upload.id === id ? { ...upload, ...part } : upload)));
}
