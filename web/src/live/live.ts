// What the messages of the socket change in what this tab shows.
import { queryClient } from '../app/query-client';
import { report } from '../app/failure';
import { refreshAttachments } from '../attachments/data';
import { messages } from '../i18n/i18n';
import { noteUnread } from '../inbox/data';
import { known, loadTodo, pending } from '../todos/data';
import { say, shortTitle } from '../ui/toasts';
import { applyTodoEvent, type EventMessage } from './apply';
import { catchUp } from './catch-up';
import { keepSocket } from './socket';

/** Keeps what is shown live until the returned function is called. */
export function startLive(url: string): () => void {
  return keepSocket(url, {
    onMessage: take,
    onOpen: () => void catchUp(queryClient),
  });
}

function take(message: unknown): void {
  if (!isTyped(message)) return;
  if (message.type === 'InboxChanged') {
    if (typeof message['unread'] === 'number') noteUnread(message['unread']);
    return;
  }
  if (!isEvent(message)) return;
  switch (message.type) {
    case 'TodoCreated':
    case 'TodoChanged':
    case 'TodoCompleted':
    case 'TodoReopened':
    case 'TodoDeleted':
      takeTodo(message);
      return;
    case 'TodoDue':
      sayDue(message);
      return;
    case 'AttachmentReady':
    case 'AttachmentRejected':
    case 'AttachmentDeleted':
      takeAttachment(message);
      return;
    case 'UserProfileChanged':
      refresh('profile');
      return;
    case 'UserExportReady':
      refresh('export');
  }
}

function takeTodo(message: EventMessage): void {
  if (isOwnDraft(message)) {
    // The answer to our own request names the item too, and tells which draft it is; it is on its way.
    setTimeout(() => takeTodo(message), 250);
    return;
  }
  const { known: next, readAgain } = applyTodoEvent(known.get(), message, Date.now());
  known.update(() => next);
  if (readAgain) loadTodo(message.subject).catch(report);
}

/** Whether an item that has just been created may be one whose draft this tab still shows. */
function isOwnDraft({ type, subject, data }: EventMessage): boolean {
  if (type !== 'TodoCreated' || known.get().items.has(subject)) return false;
  return pending.get().some((change) => change.kind === 'create' && change.todo.title === data?.['title']);
}

function sayDue({ data }: EventMessage): void {
  if (typeof data?.['title'] === 'string') say(messages().dueNow(shortTitle(data['title'])));
}

function takeAttachment({ type, data = {} }: EventMessage): void {
  const { todoId, name } = data;
  if (typeof todoId !== 'string') return;
  refreshAttachments(todoId).catch(report);
  const m = messages();
  if (type === 'AttachmentRejected') say(m.fileRejected(typeof name === 'string' ? name : ''), { tone: 'bad' });
}

function refresh(what: 'profile' | 'export'): void {
  void queryClient.invalidateQueries({ queryKey: [what] });
}

function isTyped(message: unknown): message is Record<string, unknown> & { type: string } {
  return typeof message === 'object' && message !== null && 'type' in message && typeof message.type === 'string';
}

function isEvent(message: Record<string, unknown>): message is Record<string, unknown> & EventMessage {
  const { subject, sequence, data } = message;
  return typeof subject === 'string' && typeof sequence === 'number' && data !== null;
}
