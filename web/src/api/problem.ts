/** The body of a failed answer (RFC 9457), as every service of Busline writes it. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: { field: string; message: string }[];
}

/** A service answered with an error status. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** The last part of the problem's type, for example `version-mismatch`; empty for an answer without a type. */
  readonly code: string;
  readonly problem: Problem | undefined;
  /** After how many seconds the same request may succeed, if the service tells. */
  readonly retryAfter: number | undefined;

  constructor(status: number, body: unknown, retryAfter?: number) {
    const problem = isProblem(body) ? body : undefined;
    super(problem?.detail ?? `The service answered ${status}.`);
    this.status = status;
    this.code = problem?.type.split(':').at(-1) ?? '';
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** The error of an answer with an error status. */
export function failed(response: Response, body: unknown): ApiError {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new ApiError(response.status, body, seconds > 0 ? seconds : undefined);
}

/** No answer: offline, a name that does not resolve, a timeout. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** The deployment does not have this service: the distribution answered in its place. */
export class NotDeployed extends Error {
  override readonly name = 'NotDeployed';
}

/**
 * Whether an answer comes from the distribution (`infra/web.yaml`, PageFunction) because no service of the deployment
 * has this path. A service's own 404 has a problem type of Busline.
 */
export async function isNotDeployed(response: Response): Promise<boolean> {
  if (response.status !== 404) return false;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return typeof body === 'object' && body !== null && 'type' in body && body.type === 'about:blank';
}

/** No user is signed in, or the session has ended. */
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
