// Keyboard focus in the rows of the list, which appear and disappear.
import { useEffect, useLayoutEffect, useRef } from 'react';

const rows = () => [...document.querySelectorAll<HTMLElement>('[data-row]')];

/** The row that holds the focus, by its item's `screenKey`. */
export function focusedRow(): string | undefined {
  return document.activeElement?.closest<HTMLElement>('[data-row]')?.dataset['row'];
}

/** Moves the focus to the next or the previous row. */
export function moveFocus(step: 1 | -1): void {
  const all = rows();
  const here = all.findIndex((row) => row.contains(document.activeElement));
  const next = here < 0 ? all.at(step === 1 ? 0 : -1) : (all[here + step] ?? all[here - step]);
  focusTitle(next);
}

/** Scrolls to the row of an item and focuses it; returns whether it exists. */
export function focusRow(key: string): boolean {
  const row = rows().find(({ dataset }) => dataset['row'] === key);
  row?.scrollIntoView({ block: 'center' });
  focusTitle(row);
  return row !== undefined;
}

/** Moves the focus of a removed row to the row that took its position, or to the heading without one. */
export function useKeepRowFocus(): void {
  const last = useRef<{ key: string; place: number; isTick: boolean } | null>(null);
  useEffect(() => {
    const note = ({ target }: FocusEvent) => {
      const row = target instanceof HTMLElement ? target.closest<HTMLElement>('[data-row]') : null;
      const key = row?.dataset['row'];
      const isTick = target instanceof HTMLElement && target.role === 'checkbox';
      last.current = row && key ? { key, place: rows().indexOf(row), isTick } : null;
    };
    document.addEventListener('focusin', note);
    return () => document.removeEventListener('focusin', note);
  }, []);
  useLayoutEffect(() => {
    if (!last.current || document.activeElement !== document.body) return;
    const { key, place, isTick } = last.current;
    const all = rows();
    if (all.some(({ dataset }) => dataset['row'] === key)) return;
    last.current = null;
    const next = all[place] ?? all.at(-1);
    // A tick again, where one was: the key that was pressed would do something else to a title.
    if (isTick && next) next.querySelector<HTMLElement>('[role="checkbox"]')?.focus();
    else if (next) focusTitle(next);
    else document.querySelector<HTMLElement>('#content h1')?.focus();
  });
}

function focusTitle(row: HTMLElement | undefined): void {
  row?.querySelector<HTMLElement>('[data-focus]')?.focus();
  if (row) keepInView(row, SETTLE_FRAMES);
}

/** So many frames after a jump, the rows around the focus are complete and have their height. */
const SETTLE_FRAMES = 30;

/** Follows the focused row when the rows before it grow; see `near.ts`. */
function keepInView(row: HTMLElement, frames: number): void {
  if (frames === 0 || !row.contains(document.activeElement)) return;
  const { top, bottom } = row.getBoundingClientRect();
  if (bottom <= 0 || top >= innerHeight) row.scrollIntoView({ block: 'nearest' });
  requestAnimationFrame(() => keepInView(row, frames - 1));
}
