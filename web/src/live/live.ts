// Applies the socket's messages to the data of this tab.
import { queryClient } from '../app/query-client';
import { reportError } from '../app/error-message';
import { refreshAttachments } from '../attachments/data';
import { messages } from '../i18n/i18n';
import { recordUnread } from '../inbox/data';
import { known, loadTodo, pending, reloadDeleted } from '../todos/data';
import { isolated, showToast, shortTitle } from '../ui/toasts';
import { applyTodoEvent, type EventMessage } from './apply';
import { catchUp } from './catch-up';
import { connectSocket } from './socket';

/** Applies live changes until the returned function is called. */
export function startLive(url: string): () => void {
  return connectSocket(url, {
    onMessage: handleMessage,
    onOpen: () => void catchUp(queryClient),
  });
}

function handleMessage(message: unknown): void {
  if (!isTyped(message)) return;
  if (message.type === 'InboxChanged') {
    if (typeof message['unread'] === 'number') recordUnread(message['unread'], message['added'] !== false);
    return;
  }
  if (!isEvent(message)) return;
  switch (message.type) {
    case 'TodoCreated':
    case 'TodoChanged':
    case 'TodoCompleted':
    case 'TodoReopened':
    case 'TodoDeleted':
    case 'TodoRestored':
    case 'TodoPurged':
      handleTodoEvent(message);
      return;
    case 'TodoDue':
      showDueToast(message);
      return;
    case 'AttachmentReady':
    case 'AttachmentRejected':
    case 'AttachmentDeleted':
      handleAttachmentEvent(message);
      return;
    case 'UserProfileChanged':
      refresh('profile');
      return;
    case 'UserExportReady':
      refresh('export');
  }
}

function handleTodoEvent(message: EventMessage): void {
  if (isOwnDraft(message)) {
    // The response to our own request, which has not arrived yet, tells which draft this item is.
    setTimeout(() => handleTodoEvent(message), 250);
    return;
  }
  const { known: next, needsReload } = applyTodoEvent(known.get(), message, Date.now());
  known.update(() => next);
  if (message.type === 'TodoDeleted' || message.type === 'TodoRestored' || message.type === 'TodoPurged')
    reloadDeleted();
  if (needsReload) loadTodo(message.subject).catch(reportError);
}

/** Whether a created item may still be shown as a draft in this tab. */
function isOwnDraft({ type, subject, data }: EventMessage): boolean {
  if (type !== 'TodoCreated' || known.get().items.has(subject)) return false;
  return pending.get().some((change) => change.kind === 'create' && change.todo.title === data?.['title']);
}

function showDueToast({ subject, data }: EventMessage): void {
  if (typeof data?.['title'] !== 'string') return;
  const isAllDay = known.get().items.get(subject)?.todo.allDay ?? false;
  const m = messages();
  showToast((isAllDay ? m.dueOnDay : m.dueNow)(shortTitle(data['title'])));
}

function handleAttachmentEvent({ type, data = {} }: EventMessage): void {
  const { todoId, name } = data;
  if (typeof todoId !== 'string') return;
  refreshAttachments(todoId).catch(reportError);
  const m = messages();
  if (type === 'AttachmentRejected')
    showToast(m.fileRejected(typeof name === 'string' ? isolated(name) : ''), { tone: 'bad' });
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
