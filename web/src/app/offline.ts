// The page opens without a network: a service worker (`dev/service-worker.js`) keeps its files on this device.
import { onlineManager } from '@tanstack/react-query';
import { reportError } from './error-message';
import { isReachable } from './lazy-page';

/** Starts the service worker, and tells the queries whether the page was opened without a network. */
export function startOffline(): void {
  onlineManager.setOnline(navigator.onLine);
  // Some browsers know of no network where there is one.
  if (!navigator.onLine) void isReachable().then((is) => is && onlineManager.setOnline(true));
  // A development server has no files to keep.
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const register = () => {
    navigator.serviceWorker.register('/sw.js', { updateViaCache: 'none' }).catch(reportError);
  };
  // After the page's own requests.
  if (document.readyState === 'complete') register();
  else window.addEventListener('load', register, { once: true });
}
