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
    if (focusHeading()) return;
    document.getElementById('content')?.focus({ preventScroll: true });
    return onceThereIsAHeading(focusHeading);
  }, [place, address]);
}

function focusHeading(): boolean {
  // While a page loads, the last one is still there and not visible.
  const headings = [...document.querySelectorAll<HTMLElement>('#content h1')];
  const heading = headings.find((element) => element.checkVisibility());
  heading?.setAttribute('tabindex', '-1');
  heading?.focus({ preventScroll: true });
  return heading !== undefined;
}

/** Waits for the heading of a page that is loading, unless the user focuses something else first. */
function onceThereIsAHeading(focus: () => boolean): () => void {
  const content = document.getElementById('content');
  const observer = new MutationObserver(() => {
    const isElsewhere = document.activeElement !== content && document.activeElement !== document.body;
    if (isElsewhere || focus()) observer.disconnect();
  });
  if (content) observer.observe(content, { childList: true, subtree: true });
  return () => observer.disconnect();
}
