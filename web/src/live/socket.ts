// One socket, over which everything that changes elsewhere arrives: no page of ours polls. It ends with its token, with
// the network, or after two hours at the latest; then a new one is opened, later and later while that fails.
import { accessToken } from '../auth/session';
import { report } from '../app/failure';
import { reconnectDelay } from './delay';
import { liveState } from './state';

/** Keeps the connection through API Gateway's 10 minutes of idleness, in milliseconds. */
const PING_MS = 4 * 60_000;
/** A connection that lasts this long counts as a good one: the waits start from the beginning. */
const GOOD_MS = 10_000;

export interface Listener {
  /** A message came. */
  onMessage: (message: unknown) => void;
  /** The socket is open: what changed before was not told. */
  onOpen: () => void;
}

/** Keeps a socket open until the returned function is called. */
export function keepSocket(url: string, listener: Listener): () => void {
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
      report(error);
      later();
    });
  };
  const connect = async () => {
    // The token goes as a second subprotocol: an address would end up in logs.
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
      if (since > 0 && Date.now() - since > GOOD_MS) attempts = 0;
      later();
    };
  };
  // Back from sleep or from a tunnel: there is no reason to wait.
  const atOnce = () => {
    if (socket !== null || document.visibilityState === 'hidden') return;
    attempts = 0;
    open();
  };

  liveState.update(() => 'connecting');
  open();
  window.addEventListener('online', atOnce);
  document.addEventListener('visibilitychange', atOnce);
  return () => {
    isOver = true;
    clearTimeout(timer);
    clearInterval(ping);
    window.removeEventListener('online', atOnce);
    document.removeEventListener('visibilitychange', atOnce);
    socket?.close();
    liveState.update(() => 'off');
  };
}
