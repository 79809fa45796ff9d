import { ApiError, SignedOut, Unreachable } from '../api/problem';
import { Refused } from '../auth/refusal';
import type { Messages } from '../i18n/en';
import { messages } from '../i18n/i18n';

/** What to tell people about a failure. */
export function inWords(error: unknown): string {
  const m = messages();
  if (error instanceof SignedOut) return m.sessionExpired;
  if (error instanceof Unreachable) return m.errorUnreachable;
  if (error instanceof Refused) return m[error.reason];
  if (error instanceof ApiError) return apiInWords(error);
  return m.errorUnknown;
}

/** A failure that nobody waits for: it goes to the browser's console, without anything of the user's. */
export function report(error: unknown): void {
  if (error instanceof SignedOut || error instanceof Unreachable) return;
  console.error(error);
}

/** A service speaks to programs, in English: people are told in their language, field by field where it names some. */
function apiInWords(error: ApiError): string {
  const m = messages();
  if (error.status === 401) return m.sessionExpired;
  if (error.status === 404) return m.errorGone;
  if (error.status === 412) return m.errorStale;
  if (error.status === 429) return m.errorTooMany;
  if (error.status >= 500) return m.errorUnknown;
  if (error.code === 'too-many-attachments') return m.tooMany;
  const fields = error.problem?.errors?.flatMap(({ field }) => FIELDS[field] ?? []) ?? [];
  return fields.map((key) => m[key]).join(' ') || m.errorRefused;
}

/** What a field's rules are, for the fields that people fill in. */
const FIELDS: Record<string, Extract<keyof Messages, `error${string}`>> = {
  displayName: 'errorDisplayName',
  timeZone: 'errorTimeZone',
  title: 'errorTitle',
  notes: 'errorNotes',
  dueAt: 'errorDue',
  tags: 'errorTags',
  name: 'errorFileName',
};
