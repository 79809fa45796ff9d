// Rules for attachments, and how files are described.
import type { components } from '../api/generated/todos';

export type ContentType = components['schemas']['ContentType'];

/** The types that the service accepts. */
export const TYPES: readonly ContentType[] = [
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'application/pdf',
  'text/plain',
];

/** The largest file, in bytes; `formatSize` calls it 50 MB. */
export const MAX_BYTES = 52_428_800;

export type RejectionReason = 'empty' | 'too-large' | 'wrong-type' | 'broken' | 'too-many-pixels' | 'unsafe';

/** Why a file is not uploaded; `null` if it may be. The service checks the uploaded file again. */
export function findRejection(file: { size: number; type: string }): RejectionReason | null {
  if (!isAcceptedType(file.type)) return 'wrong-type';
  if (file.size === 0) return 'empty';
  return file.size > MAX_BYTES ? 'too-large' : null;
}

/** Whether the service accepts files of a type. */
export function isAcceptedType(type: string): type is ContentType {
  return TYPES.some((accepted) => accepted === type);
}

/** A name that the service accepts: one line of at most 200 characters with its extension. */
export function sanitizeName(name: string): string {
  // eslint-disable-next-line no-control-regex -- removes control characters
  const line = name.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ').trim() || 'file';
  if (line.length <= 200) return line;
  const ending = /\.[^.]{1,10}$/.exec(line)?.[0] ?? '';
  return line.slice(0, 200 - ending.length) + ending;
}

/** How long the form for an upload is good, and then as long again for a slow line and the check, in milliseconds. */
const UPLOAD_TIMEOUT_MS = 10 * 60_000;

/** Whether the upload of a file has taken too long. */
export function isOverdue({ status, createdAt }: { status: string; createdAt: string }, now: Date): boolean {
  return status === 'uploading' && now.getTime() - Date.parse(createdAt) > UPLOAD_TIMEOUT_MS;
}

/** A readable size: `512 B`, `3.3 KB`, `50 MB`, `5 GB`. A kilobyte has 1,024 bytes, as in the service's limit. */
export function formatSize(bytes: number, language: string): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 3);
  const [value, unit] = [bytes / 1_024 ** power, ['B', 'KB', 'MB', 'GB'][power] ?? 'B'];
  const digits = value < 10 && unit !== 'B' ? 1 : 0;
  return `${value.toLocaleString(language, { maximumFractionDigits: digits })} ${unit}`;
}
