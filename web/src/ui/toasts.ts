import { Store } from '../store';

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
  action: { label: string; run: () => void } | undefined;
  /** Whether further messages do not push it out. */
  isKept: boolean;
}

interface Options extends Partial<Pick<Toast, 'tone' | 'action' | 'isKept'>> {
  /** Runs once the message has closed, for whatever reason. */
  onClose?: () => void;
}

/** What keeps a message open: a pointer over it, or the focus within it. */
type Holder = 'pointer' | 'focus';

/** How long a message is shown, in milliseconds; longer with an action, so that the user can reach it. */
const DURATION_MS = 5_000;
const DURATION_WITH_ACTION_MS = 8_000;

/** How many messages are shown at a time, and one more if these are all kept. */
const MAX_TOASTS = 3;

export const toasts = new Store<readonly Toast[]>([]);
let count = 0;

/** The countdown and the callback of each message. */
const lives = new Map<number, { clock: Clock; onClose: (() => void) | undefined }>();

/** Shows a message for some seconds; returns a function that closes it sooner. */
export function showToast(text: string, { tone = 'plain', action, isKept = false, onClose }: Options = {}): () => void {
  const id = ++count;
  const dismiss = () => dismissToast(id);
  const run = () => {
    action?.run();
    dismiss();
  };
  makeRoom();
  lives.set(id, { clock: new Clock(action ? DURATION_WITH_ACTION_MS : DURATION_MS, dismiss), onClose });
  toasts.update((shown) => [...shown, { id, text, tone, isKept, action: action && { label: action.label, run } }]);
  return dismiss;
}

/** Closes the oldest messages that are not kept, until there is room for another one. */
function makeRoom(): void {
  const shown = toasts.get();
  shown
    .filter(({ isKept }) => !isKept)
    .slice(0, Math.max(0, shown.length + 1 - MAX_TOASTS))
    .forEach(({ id }) => dismissToast(id));
}

export function dismissToast(id: number): void {
  const life = lives.get(id);
  if (!life) return;
  lives.delete(id);
  life.clock.stop();
  toasts.update((shown) => shown.filter((toast) => toast.id !== id));
  life.onClose?.();
}

/** Closes all messages. */
export function dismissAllToasts(): void {
  toasts.get().forEach(({ id }) => dismissToast(id));
}

/** Keeps a message open until `releaseToast` was called for every holder. */
export const holdToast = (id: number, holder: Holder): void => lives.get(id)?.clock.hold(holder);

/** Resumes the countdown of a message. */
export const releaseToast = (id: number, holder: Holder): void => lives.get(id)?.clock.release(holder);

/** A title, shortened for a message. */
export function shortTitle(title: string): string {
  const characters = Array.from(title);
  const short =
    characters.length <= MAX_TITLE_LENGTH
      ? title
      : `${characters
          .slice(0, MAX_TITLE_LENGTH - 1)
          .join('')
          .trimEnd()}…`;
  return isolated(short);
}

/** A user's text as a part of a sentence: its writing direction does not affect the words around it. */
export const isolated = (text: string): string => (LEFT_TO_RIGHT.test(text) ? text : `\u2068${text}\u2069`);

/** Texts without a character of another direction. */
const LEFT_TO_RIGHT = /^[^\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]*$/u;

const MAX_TITLE_LENGTH = 60;

/** A countdown that pauses while it has a holder. */
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
