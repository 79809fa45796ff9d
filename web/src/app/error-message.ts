import { ApiError, NotDeployed, SignedOut, Unreachable } from '../api/problem';
import { AuthError } from '../auth/auth-error';
import type { Messages } from '../i18n/en';
import { messages } from '../i18n/i18n';

/** The message that a user sees for an error, in the user's language. */
export function errorMessage(error: unknown): string {
  const m = messages();
  if (error instanceof SignedOut) return m.sessionExpired;
  if (error instanceof Unreachable) return m.errorUnreachable;
  if (error instanceof NotDeployed) return m.errorNotDeployed;
  if (error instanceof AuthError) return m[error.reason];
  if (error instanceof ApiError) return apiErrorMessage(error);
  return m.errorUnknown;
}

/** Logs an error of a background task to the browser's console, without the user's data. */
export function reportError(error: unknown): void {
  if (error instanceof SignedOut || error instanceof Unreachable) return;
  console.error(error);
}

/** Problem documents are in English and for programs: users get a message in their language, for each invalid field. */
function apiErrorMessage(error: ApiError): string {
  const m = messages();
  if (error.status === 401) return m.sessionExpired;
  if (error.status === 404) return m.errorGone;
  if (error.status === 412) return m.errorStale;
  if (error.status === 429) return m.errorTooMany;
  if (error.status >= 500) return m.errorUnknown;
  if (error.code === 'too-many-attachments') return m.tooMany;
  if (error.code === 'item-limit-reached') return m.errorItemLimit;
  if (error.code === 'attachment-bytes-limit-reached') return m.errorFileSpace;
  const fields = error.problem?.errors?.flatMap(({ field }) => FIELDS[field] ?? []) ?? [];
  return fields.map((key) => m[key]).join(' ') || m.errorRefused;
}

/** The messages with the rules of the fields that users fill in. */
const FIELDS: Record<string, Extract<keyof Messages, `error${string}`>> = {
  displayName: 'errorDisplayName',
  timeZone: 'errorTimeZone',
  title: 'errorTitle',
  notes: 'errorNotes',
  dueAt: 'errorDue',
  tags: 'errorTags',
  name: 'errorFileName',
};
