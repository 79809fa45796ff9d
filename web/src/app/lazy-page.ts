// Loads the code of a page when it is first needed; without a connection, waits for one.
import { lazy, type ComponentType } from 'react';
import { Store } from '../store';

/** Whether the user waits for code of a page that cannot be loaded at the moment. */
export const isCodeUnavailable = new Store(false);

let retry: () => void = () => undefined;

/** Tries again to load the missing code. */
export const retryCode = (): void => retry();

/** A page that is loaded when it is first shown. */
export function page<P extends object>(load: () => Promise<{ default: ComponentType<P> }>) {
  return lazy(() => loadWhenReachable(load));
}

/**
 * Retries while the server cannot be reached. Any other failure is thrown to the error boundary, for example a file that
 * a newer deployment has removed.
 */
async function loadWhenReachable<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch (error) {
      if (await isReachable()) throw error;
    }
    isCodeUnavailable.update(() => true);
    await connection();
    isCodeUnavailable.update(() => false);
  }
}

/** Whether the server that the page came from answers. */
export async function isReachable(): Promise<boolean> {
  try {
    return (await fetch('/config.json', { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(10_000) })).ok;
  } catch {
    return false;
  }
}

/** Waits until the browser is online again, or until `retryCode` is called. */
function connection(): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      window.removeEventListener('online', done);
      resolve();
    };
    window.addEventListener('online', done);
    retry = done;
  });
}
