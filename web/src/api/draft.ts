// Routes of issue 6 whose contracts are still being written; each goes when its openapi.yaml has it.
interface Ok<T> {
  200: { headers: Record<string, unknown>; content: { 'application/json': T } };
}
interface Accepted<T> {
  202: { headers: Record<string, unknown>; content: { 'application/json': T } };
}
interface None {
  query?: never;
  header?: never;
  path?: never;
  cookie?: never;
}
interface Op<Params, Body, Responses> {
  parameters: Params;
  requestBody?: Body;
  responses: Responses;
}
export interface Export {
  id: string;
  status: 'preparing' | 'ready' | 'expired' | 'failed';
  requestedAt: string;
  expiresAt: null | string;
  bytes: null | number;
  downloadUrl: null | string;
}

export interface AccountPaths {
  '/me/export': {
    parameters: None;
    get: Op<None, never, Ok<Export>>;
    post: Op<None, never, Accepted<Export>>;
  };
}
