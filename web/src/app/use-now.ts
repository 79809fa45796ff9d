import { Store, useStore } from '../store';

const now = new Store(new Date());

// Words such as "overdue" change with time alone. This timer sends no request.
setInterval(() => now.update(() => new Date()), 30_000);
document.addEventListener('visibilitychange', () => now.update(() => new Date()));

/** The time, fresh to half a minute. */
export const useNow = (): Date => useStore(now);
