// Scroll position and focus after a navigation.
import { useEffect, useRef } from 'react';
import { takeLastOpened } from '../todos/list-position';
import { focusRow } from '../todos/row-focus';

/** Whether the browser's own buttons led here; it then puts the page where it was. */
let isBack = false;
window.addEventListener('popstate', () => (isBack = true));
// The router dispatches these when it has changed the address.
window.addEventListener('pushState', () => (isBack = false));
window.addEventListener('replaceState', () => (isBack = false));

/**
 * Starts another page or view at its top with the focus on its heading, where a screen reader continues. A list to which
 * the user returns from an item starts at that item. `place` identifies what the address shows.
 */
export function useNavigationFocus(place: string, address: string): void {
  const seen = useRef(place);
  useEffect(() => {
    if (seen.current === place) return;
    seen.current = place;
    const opened = address.startsWith('/todos/') ? null : takeLastOpened(address);
    if (opened !== null && focusRow(opened)) return;
    if (!isBack) window.scrollTo(0, 0);
    const heading = document.querySelector<HTMLElement>('#content h1') ?? document.getElementById('content');
    heading?.focus({ preventScroll: true });
  }, [place, address]);
}
