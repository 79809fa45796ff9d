// What may be attached, and how files are told of.
import type { components } from '../api/generated/todos';

export type ContentType = components['schemas']['ContentType'];

/** The types that the service takes. */
export const TYPES: readonly ContentType[] = [
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'application/pdf',
  'text/plain',
];

/** The largest file, in bytes; `sizeInWords` calls it 50 MB. */
export const LARGEST = 52_428_800;

export type Refusal = 'empty' | 'too-large' | 'wrong-type' | 'broken' | 'too-many-pixels' | 'unsafe';

/** Why a file need not even be sent; `null` when it may go. The service decides again, by what really arrives. */
export function refusalOf(file: { size: number; type: string }): Refusal | null {
  if (!isTaken(file.type)) return 'wrong-type';
  if (file.size === 0) return 'empty';
  return file.size > LARGEST ? 'too-large' : null;
}

/** Whether the service takes files of a type. */
export function isTaken(type: string): type is ContentType {
  return TYPES.some((taken) => taken === type);
}

/** A name that the service takes: one line of at most 200 characters, its ending kept. */
export function sendableName(name: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is taken out
  const line = name.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ').trim() || 'file';
  if (line.length <= 200) return line;
  const ending = /\.[^.]{1,10}$/.exec(line)?.[0] ?? '';
  return line.slice(0, 200 - ending.length) + ending;
}

/** How long the form for an upload is good, and then as long again for a slow line and the check, in milliseconds. */
const ARRIVES_MS = 10 * 60_000;

/** Whether an announced file will not come any more. */
export function isOverdue({ status, createdAt }: { status: string; createdAt: string }, now: Date): boolean {
  return status === 'uploading' && now.getTime() - Date.parse(createdAt) > ARRIVES_MS;
}

/** A size for people: `512 B`, `3.3 KB`, `50 MB`. A kilobyte has 1,024 bytes, as the service's bound counts them. */
export function sizeInWords(bytes: number, language: string): string {
  const [value, unit] =
    bytes < 1_024 ? [bytes, 'B'] : bytes < 1_048_576 ? [bytes / 1_024, 'KB'] : [bytes / 1_048_576, 'MB'];
  const digits = value < 10 && unit !== 'B' ? 1 : 0;
  return `${value.toLocaleString(language, { maximumFractionDigits: digits })} ${unit}`;
}
