import { Store } from '../store';

export type Service = 'todos' | 'users' | 'notifications';

/** Which services do not answer at the moment. */
export const unreachable = new Store<ReadonlySet<Service>>(new Set());

/** Records whether a service answered its last request. */
export function recordReachability(service: Service, state: 'up' | 'down'): void {
  unreachable.update((known) => {
    if (known.has(service) === (state === 'down')) return known;
    const next = new Set(known);
    if (state === 'down') next.add(service);
    else next.delete(service);
    return next;
  });
}
