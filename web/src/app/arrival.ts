// What happens to the scroll position and the focus when somebody comes to another page or view.
import { useEffect, useRef } from 'react';
import { takeOpened } from '../todos/place';
import { focusRow } from '../todos/row-focus';

/** Whether the browser's own buttons led here; it then puts the page where it was. */
let isBack = false;
window.addEventListener('popstate', () => (isBack = true));
// The router says by these that an address was set.
window.addEventListener('pushState', () => (isBack = false));
window.addEventListener('replaceState', () => (isBack = false));

/**
 * Another page or view begins at its top, with the focus on its heading, where a screen reader goes on; the list that
 * somebody comes back to from an item begins at that item. `place` names what the address shows.
 */
export function useArrival(place: string, address: string): void {
  const seen = useRef(place);
  useEffect(() => {
    if (seen.current === place) return;
    seen.current = place;
    const opened = address.startsWith('/todos/') ? null : takeOpened(address);
    if (opened !== null && focusRow(opened)) return;
    if (!isBack) window.scrollTo(0, 0);
    const heading = document.querySelector<HTMLElement>('#content h1') ?? document.getElementById('content');
    heading?.focus({ preventScroll: true });
  }, [place, address]);
}
