// Routes of issue 6 whose contracts are still being written; each goes when its openapi.yaml has it.
interface Ok<T> {
  200: { headers: Record<string, unknown>; content: { 'application/json': T } };
}
interface Created<T> {
  201: { headers: Record<string, unknown>; content: { 'application/json': T } };
}
interface Accepted<T> {
  202: { headers: Record<string, unknown>; content: { 'application/json': T } };
}
interface NoContent {
  204: { headers: Record<string, unknown>; content?: never };
}
interface None {
  query?: never;
  header?: never;
  path?: never;
  cookie?: never;
}
type Json<T> = { content: { 'application/json': T } };
interface Op<Params, Body, Responses> {
  parameters: Params;
  requestBody?: Body;
  responses: Responses;
}
type OnTodo = { path: { id: string }; query?: never; header?: never; cookie?: never };
type OnFile = { path: { id: string; attachmentId: string }; query?: never; header?: never; cookie?: never };

export interface Attachment {
  id: string;
  todoId: string;
  name: string;
  contentType: string;
  bytes: number;
  status: 'uploading' | 'ready' | 'rejected';
  reason: null | 'too-large' | 'wrong-type' | 'broken' | 'too-many-pixels' | 'unsafe';
  picture: null | { width: number; height: number };
  createdAt: string;
  downloadUrl: null | string;
  thumbnailUrl: null | string;
}

export interface AttachmentPaths {
  '/todos/{id}/attachments': {
    parameters: None;
    get: Op<OnTodo, never, Ok<{ items: Attachment[] }>>;
    post: Op<
      OnTodo,
      Json<{ name: string; contentType: string; bytes: number }>,
      Created<{ attachment: Attachment; upload: { url: string; fields: Record<string, string>; expiresAt: string } }>
    >;
  };
  '/todos/{id}/attachments/{attachmentId}': { parameters: None; delete: Op<OnFile, never, NoContent> };
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
  '/me': { parameters: None; delete: Op<None, never, Accepted<{ status: 'deleting' }>> };
  '/me/export': {
    parameters: None;
    get: Op<None, never, Ok<Export>>;
    post: Op<None, never, Accepted<Export>>;
  };
}

export interface Preferences {
  reminderMail: boolean;
  digestMail: boolean;
  digestHour: number;
  version: number;
}

export interface PreferencePaths {
  '/preferences': {
    parameters: None;
    get: Op<None, never, Ok<Preferences>>;
    patch: Op<
      { header?: { 'If-Match'?: string }; query?: never; path?: never; cookie?: never },
      Json<Partial<Omit<Preferences, 'version'>>>,
      Ok<Preferences>
    >;
  };
  '/notifications/read': { parameters: None; post: Op<None, never, Ok<{ unread: number }>> };
}
