// Which rows are near the visible part of the page. A list may have thousands of rows; one that is far away is only a
// title, which the browser's search, a screen reader and the keyboard still find in its place.
import { useLayoutEffect, useState, type RefObject } from 'react';
import { flushSync } from 'react-dom';
import { Store, useStore } from '../store';

const changes = new WeakMap<Element, (isNear: boolean) => void>();

const observer = new IntersectionObserver(
  (entries) => entries.forEach(({ target, isIntersecting }) => changes.get(target)?.(isIntersecting)),
  // Rows are complete before they are scrolled into view.
  { rootMargin: '1000px 0px' },
);

/** All rows are complete while the page is printed. */
const printing = new Store(false);
const print = (isPrinting: boolean) => flushSync(() => printing.update(() => isPrinting));
window.addEventListener('beforeprint', () => print(true));
window.addEventListener('afterprint', () => print(false));

/** Whether a row is near the visible part of the page; `initially` until the browser has told. */
export function useIsNear(row: RefObject<HTMLElement | null>, initially: boolean): boolean {
  const [isNear, setNear] = useState(initially);
  useLayoutEffect(() => {
    const element = row.current;
    if (!element) return undefined;
    changes.set(element, (next) => {
      // What has the focus must not disappear.
      if (next || !element.contains(document.activeElement)) setNear(next);
    });
    observer.observe(element);
    return () => observer.unobserve(element);
  }, [row]);
  return useStore(printing) || isNear;
}
