import { Store } from '../store';

/** Whether live changes come at the moment; `off` where nothing pushes. */
export const liveState = new Store<'off' | 'connecting' | 'open'>('off');
