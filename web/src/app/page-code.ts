// The code of the pages, which comes when it is first needed; without a connection it waits for one.
import { lazy, type ComponentType } from 'react';
import { Store } from '../store';

/** Whether somebody waits for a page whose code cannot be had at the moment. */
export const codeMissing = new Store(false);

let retry: () => void = () => undefined;

/** Tries again to get what is missing. */
export const retryCode = (): void => retry();

/** A page that is loaded when it is first shown. */
export function page<P extends object>(load: () => Promise<{ default: ComponentType<P> }>) {
  return lazy(() => patiently(load));
}

/**
 * Loads until it comes. A failure while the server answers is another one, as after a deployment that took the file
 * away; it is for the page around to tell.
 */
async function patiently<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch (error) {
      if (await isReachable()) throw error;
    }
    codeMissing.update(() => true);
    await connection();
    codeMissing.update(() => false);
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

/** Waits until the browser is online again, or until somebody asks by `retryCode`. */
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
