// The actions that can be undone, the latest last: also after their message has closed.
import { messages } from '../i18n/i18n';
import { showToast } from '../ui/toasts';

/** How many actions can be undone by key. */
const MAX_UNDOS = 50;

let undos: (() => void)[] = [];

/** Shows a message with an undo button. */
export function offerUndo(text: string, undo: () => unknown): void {
  const once = () => {
    undos = undos.filter((other) => other !== once);
    undo();
    dismiss();
  };
  const dismiss = showToast(text, { action: { label: messages().undo, run: once } });
  undos = [...undos, once].slice(-MAX_UNDOS);
}

/** Undoes the latest deletion or completion that was not undone yet. */
export function undoLast(): void {
  undos.at(-1)?.();
}

/** Drops all undo actions. */
export function clearUndo(): void {
  undos = [];
}
