// One socket receives all changes, so that the page does not poll. It closes with its token, with the network, or after
// two hours at the latest; then a new one is opened, with growing delays while that fails.
import { accessToken } from '../auth/session';
import { reportError } from '../app/error-message';
import { reconnectDelay } from './delay';
import { liveState } from './state';

/** Interval of pings in milliseconds; API Gateway closes a connection after 10 idle minutes. */
const PING_MS = 4 * 60_000;
/** A connection that lasts this long, in milliseconds, resets the reconnect delay. */
const STABLE_MS = 10_000;

export interface Listener {
  /** Called for every message. */
  onMessage: (message: unknown) => void;
  /** Called when the socket is open; earlier changes were not received. */
  onOpen: () => void;
}

/** Keeps a socket open until the returned function is called. */
export function connectSocket(url: string, listener: Listener): () => void {
  let socket: WebSocket | null = null;
  let attempts = 0;
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ping: ReturnType<typeof setInterval> | undefined;

  const later = () => {
    clearInterval(ping);
    socket = null;
    if (isOver) return;
    liveState.update(() => 'connecting');
    timer = setTimeout(open, reconnectDelay(attempts++));
  };
  const open = () => {
    clearTimeout(timer);
    connect().catch((error: unknown) => {
      reportError(error);
      later();
    });
  };
  const connect = async () => {
    // The token is sent as a second subprotocol, because addresses are logged.
    const token = await accessToken();
    if (isOver) return;
    const opened = new WebSocket(url, ['busline.v1', token]);
    socket = opened;
    let since = 0;
    opened.onopen = () => {
      since = Date.now();
      liveState.update(() => 'open');
      ping = setInterval(() => opened.send('{"action":"ping"}'), PING_MS);
      listener.onOpen();
    };
    opened.onmessage = ({ data }) => {
      if (typeof data === 'string') listener.onMessage(JSON.parse(data));
    };
    opened.onclose = () => {
      if (since > 0 && Date.now() - since > STABLE_MS) attempts = 0;
      later();
    };
  };
  // Back online or visible again: reconnect without delay.
  const reconnectNow = () => {
    if (socket !== null || document.visibilityState === 'hidden') return;
    attempts = 0;
    open();
  };

  liveState.update(() => 'connecting');
  open();
  window.addEventListener('online', reconnectNow);
  document.addEventListener('visibilitychange', reconnectNow);
  return () => {
    isOver = true;
    clearTimeout(timer);
    clearInterval(ping);
    window.removeEventListener('online', reconnectNow);
    document.removeEventListener('visibilitychange', reconnectNow);
    socket?.close();
    liveState.update(() => 'off');
  };
}
