import { Store } from '../store';

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
  action: { label: string; run: () => void } | undefined;
}

/** How long a message stays, in milliseconds; one with an action stays longer, so that it can be reached. */
const STAYS_MS = 5_000;
export const STAYS_WITH_ACTION_MS = 8_000;

export const toasts = new Store<readonly Toast[]>([]);
let count = 0;

/** Shows a message for a moment, and returns how to take it away sooner. */
export function say(text: string, options: Partial<Pick<Toast, 'tone' | 'action'>> = {}): () => void {
  const id = ++count;
  const dismiss = () => dismissToast(id);
  const action = options.action && {
    label: options.action.label,
    run: () => {
      dismiss();
      options.action?.run();
    },
  };
  // Three at most: more than that nobody reads.
  toasts.update((shown) => [...shown.slice(-2), { id, text, tone: options.tone ?? 'plain', action }]);
  setTimeout(dismiss, action ? STAYS_WITH_ACTION_MS : STAYS_MS);
  return dismiss;
}

export function dismissToast(id: number): void {
  toasts.update((shown) => shown.filter((toast) => toast.id !== id));
}
