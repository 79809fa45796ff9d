import { ApiError, SignedOut, Unreachable } from '../api/problem';
import { messages } from '../i18n/i18n';

/** What to tell people about a failure. */
export function inWords(error: unknown): string {
  const m = messages();
  if (error instanceof SignedOut) return m.sessionExpired;
  if (error instanceof Unreachable) return m.errorUnreachable;
  if (error instanceof ApiError) return apiInWords(error);
  if (error instanceof Error) return m[COGNITO[error.name] ?? 'errorUnknown'];
  return m.errorUnknown;
}

/** A failure that nobody waits for: it goes to the browser's console, without anything of the user's. */
export function report(error: unknown): void {
  if (error instanceof SignedOut || error instanceof Unreachable) return;
  console.error(error);
}

function apiInWords(error: ApiError): string {
  const m = messages();
  if (error.status === 404) return m.errorGone;
  if (error.status === 429) return m.errorTooMany;
  if (error.status >= 500) return m.errorUnknown;
  // The services say what was wrong and what would be right.
  return error.problem?.errors?.map(({ message }) => message).join(' ') || error.message;
}

const COGNITO: Record<
  string,
  | 'errorWrongPassword'
  | 'errorUserExists'
  | 'errorCode'
  | 'errorCodeExpired'
  | 'errorPassword'
  | 'errorTooMany'
  | 'errorEmail'
  | 'errorUnreachable'
> = {
  NotAuthorizedException: 'errorWrongPassword',
  UserNotFoundException: 'errorWrongPassword',
  UsernameExistsException: 'errorUserExists',
  CodeMismatchException: 'errorCode',
  ExpiredCodeException: 'errorCodeExpired',
  InvalidPasswordException: 'errorPassword',
  LimitExceededException: 'errorTooMany',
  TooManyFailedAttemptsException: 'errorTooMany',
  TooManyRequestsException: 'errorTooMany',
  InvalidParameterException: 'errorEmail',
  NetworkError: 'errorUnreachable',
};
