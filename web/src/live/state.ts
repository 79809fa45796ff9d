import { Store } from '../store';

/** Whether live changes arrive at the moment; `off` without a WebSocket API. */
export const liveState = new Store<'off' | 'connecting' | 'open'>('off');
