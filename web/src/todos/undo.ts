// What can be undone at the moment, the latest last.
import { messages } from '../i18n/i18n';
import { say } from '../ui/toasts';

let undos: (() => void)[] = [];

/** Says what was done, and offers to undo it while the message shows; `settle` runs when the offer is gone. */
export function offerUndo(text: string, undo: () => unknown, settle?: () => void): void {
  const once = () => {
    undo();
    dismiss();
  };
  const onGone = () => {
    undos = undos.filter((other) => other !== once);
    settle?.();
  };
  const dismiss = say(text, { action: { label: messages().undo, run: once }, onGone });
  undos.push(once);
}

/** Undoes the latest deletion or completion of those that can still be undone. */
export function undoLast(): void {
  undos.at(-1)?.();
}

/** Nothing of what was done can be undone any more. */
export function forgetUndos(): void {
  undos = [];
}
