import { Store, useStore } from '../store';

const now = new Store(new Date());

// Words such as "overdue" grow old without anything happening. A clock is no poll: it asks nobody.
setInterval(() => now.update(() => new Date()), 30_000);
document.addEventListener('visibilitychange', () => now.update(() => new Date()));

/** The time, fresh to half a minute. */
export const useNow = (): Date => useStore(now);
