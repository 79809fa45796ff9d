// The actions that can be undone at the moment, the latest last.
import { messages } from '../i18n/i18n';
import { showToast } from '../ui/toasts';

let undos: (() => void)[] = [];

/** Shows a message with an undo button; `settle` runs when the message has closed. */
export function offerUndo(text: string, undo: () => unknown, settle?: () => void): void {
  const once = () => {
    undo();
    dismiss();
  };
  const onClose = () => {
    undos = undos.filter((other) => other !== once);
    settle?.();
  };
  const dismiss = showToast(text, { action: { label: messages().undo, run: once }, onClose });
  undos.push(once);
}

/** Undoes the latest deletion or completion that can still be undone. */
export function undoLast(): void {
  undos.at(-1)?.();
}

/** Drops all undo actions. */
export function clearUndo(): void {
  undos = [];
}
