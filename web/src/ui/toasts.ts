import { Store } from '../store';

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
  action: { label: string; run: () => void } | undefined;
}

interface Options extends Partial<Pick<Toast, 'tone' | 'action'>> {
  /** Runs once the message is gone, however it went. */
  onGone?: () => void;
}

/** What keeps a message on the screen: a pointer over it, or the focus within it. */
type Holder = 'pointer' | 'focus';

/** How long a message stays, in milliseconds; one with an action stays longer, so that it can be reached. */
const STAYS_MS = 5_000;
const STAYS_WITH_ACTION_MS = 8_000;

/** More than that nobody reads at a time. */
const MOST = 3;

export const toasts = new Store<readonly Toast[]>([]);
let count = 0;

/** What belongs to each message that shows and nobody sees. */
const lives = new Map<number, { clock: Clock; onGone: (() => void) | undefined }>();

/** Shows a message for a moment, and returns how to take it away sooner. */
export function say(text: string, { tone = 'plain', action, onGone }: Options = {}): () => void {
  const id = ++count;
  const dismiss = () => dismissToast(id);
  const run = () => {
    action?.run();
    dismiss();
  };
  toasts
    .get()
    .slice(0, 1 - MOST)
    .forEach((oldest) => dismissToast(oldest.id));
  lives.set(id, { clock: new Clock(action ? STAYS_WITH_ACTION_MS : STAYS_MS, dismiss), onGone });
  toasts.update((shown) => [...shown, { id, text, tone, action: action && { label: action.label, run } }]);
  return dismiss;
}

export function dismissToast(id: number): void {
  const life = lives.get(id);
  if (!life) return;
  lives.delete(id);
  life.clock.stop();
  toasts.update((shown) => shown.filter((toast) => toast.id !== id));
  life.onGone?.();
}

/** Takes all messages away. */
export function dismissAll(): void {
  toasts.get().forEach(({ id }) => dismissToast(id));
}

/** Keeps a message on the screen until everything that holds it has let go. */
export const holdToast = (id: number, holder: Holder): void => lives.get(id)?.clock.hold(holder);

/** Lets the time of a message go on. */
export const releaseToast = (id: number, holder: Holder): void => lives.get(id)?.clock.release(holder);

/** A title as a message has room for it. */
export function shortTitle(title: string): string {
  const characters = Array.from(title);
  return characters.length <= LONGEST_TITLE
    ? title
    : `${characters
        .slice(0, LONGEST_TITLE - 1)
        .join('')
        .trimEnd()}…`;
}

const LONGEST_TITLE = 60;

/** Counts down, but not while something holds it. */
class Clock {
  #left: number;
  #startedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #onEnd: () => void;
  readonly #holders = new Set<Holder>();

  constructor(ms: number, onEnd: () => void) {
    this.#left = ms;
    this.#onEnd = onEnd;
    this.#go();
  }

  hold(holder: Holder): void {
    if (this.#holders.size === 0) this.stop();
    this.#holders.add(holder);
  }

  release(holder: Holder): void {
    if (this.#holders.delete(holder) && this.#holders.size === 0) this.#go();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#left -= Date.now() - this.#startedAt;
  }

  #go(): void {
    this.#startedAt = Date.now();
    this.#timer = setTimeout(this.#onEnd, this.#left);
  }
}
