// The actions that can be undone, the latest last: also after their message has closed.
import { messages } from '../i18n/i18n';
import { shortTitle, showToast } from '../ui/toasts';

/** How many actions can be undone by key. */
const MAX_UNDOS = 50;

/** How many messages may offer to undo one action each; with more actions one message offers to undo all. */
const MAX_SINGLE_MESSAGES = 3;

type Kind = 'deleted' | 'completed';

interface Action {
  kind: Kind;
  title: string;
  undo: () => unknown;
}

interface Message {
  actions: readonly Action[];
  dismiss: () => void;
}

let actions: readonly Action[] = [];
let shown: readonly Message[] = [];

/** Shows a message with an undo button. */
export function offerUndo(kind: Kind, title: string, undo: () => unknown): void {
  const action = { kind, title, undo };
  actions = [...actions, action].slice(-MAX_UNDOS);
  const isFolded = shown.some((message) => message.actions.length > 1);
  const folded = isFolded || shown.length >= MAX_SINGLE_MESSAGES ? shown : [];
  folded.forEach(({ dismiss }) => dismiss());
  showMessage([...folded.flatMap((message) => message.actions), action]);
}

/** Undoes the latest deletion or completion that was not undone yet. */
export function undoLast(): void {
  const last = actions.at(-1);
  if (!last) return;
  const message = shown.find((message) => message.actions.includes(last));
  message?.dismiss();
  undoAll([last]);
  const others = message?.actions.filter((action) => action !== last) ?? [];
  if (others.length > 0) showMessage(others);
}

/** Drops all undo actions. */
export function clearUndo(): void {
  actions = [];
}

function showMessage(of: readonly Action[]): void {
  const m = messages();
  const message: Message = {
    actions: of,
    dismiss: showToast(textOf(of), {
      action: { label: of.length === 1 ? m.undo : m.undoAll, run: () => undoAll(of) },
      isKept: true,
      onClose: () => (shown = shown.filter((other) => other !== message)),
    }),
  };
  shown = [...shown, message];
}

function textOf(of: readonly Action[]): string {
  const m = messages();
  const [first, ...others] = of;
  if (!first) return '';
  const isDeletion = first.kind === 'deleted';
  if (others.length === 0) return (isDeletion ? m.deleted : m.completedToast)(shortTitle(first.title));
  if (others.some(({ kind }) => kind !== first.kind)) return m.deletedOrCompletedCount(of.length);
  return (isDeletion ? m.deletedCount : m.completedCount)(of.length);
}

/** Undoes actions, the latest first. */
function undoAll(undone: readonly Action[]): void {
  actions = actions.filter((action) => !undone.includes(action));
  [...undone].reverse().forEach(({ undo }) => undo());
}
