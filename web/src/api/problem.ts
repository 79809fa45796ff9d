/** The body of a failed answer (RFC 9457), as every service of Busline writes it. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: { field: string; message: string }[];
}

/** A service answered, but not with what was asked for. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** The last part of the problem's type, `version-mismatch` for example; empty for an answer without one. */
  readonly code: string;
  readonly problem: Problem | undefined;

  constructor(status: number, body: unknown) {
    const problem = isProblem(body) ? body : undefined;
    super(problem?.detail ?? `The service answered ${status}.`);
    this.status = status;
    this.code = problem?.type.split(':').at(-1) ?? '';
    this.problem = problem;
  }
}

/** No answer came: offline, a name that does not resolve, a time-out. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** Nobody is signed in, or the session has ended. */
export class SignedOut extends Error {
  override readonly name = 'SignedOut';
}

/** Whether the same request may succeed a little later. */
export function isTransient(error: unknown): boolean {
  if (error instanceof Unreachable) return true;
  if (!(error instanceof ApiError)) return false;
  return error.status >= 500 || error.status === 429 || error.status === 408 || error.code === 'contended';
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'detail' in body && 'type' in body;
}
