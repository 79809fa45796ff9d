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

/** The largest file, in bytes: 50 MiB. */
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

/** A size for people: `512 B`, `3.4 KB`, `50 MB`. */
export function sizeInWords(bytes: number, language: string): string {
  const [value, unit] = bytes < 1_000 ? [bytes, 'B'] : bytes < 1_000_000 ? [bytes / 1_000, 'KB'] : [bytes / 1e6, 'MB'];
  const digits = value < 10 && unit !== 'B' ? 1 : 0;
  return `${value.toLocaleString(language, { maximumFractionDigits: digits })} ${unit}`;
}
