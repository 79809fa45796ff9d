import { useEffect, useRef } from 'react';
import { Store } from '../store';

/** What a key, or two keys one after the other (`g i`), does. */
export type Shortcuts = Record<string, () => void>;

const KEPT = 'busline.shortcuts';
/** A second key counts for this long after the first, in milliseconds. */
const PAIR_MS = 1_200;

/** Whether single keys are shortcuts on this device. */
export const shortcutsOn = new Store(localStorage.getItem(KEPT) !== 'off');

/** Turns the shortcuts on or off for this device. */
export function keepShortcuts(state: 'on' | 'off'): void {
  localStorage.setItem(KEPT, state);
  shortcutsOn.update(() => state === 'on');
}

const active: { current: Shortcuts }[] = [];
let first = { key: '', at: 0 };

/** Gives keys a meaning while a component is shown. Nothing happens while somebody types or a dialog is open. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    active.push(latest);
    return () => {
      active.splice(active.indexOf(latest), 1);
    };
  }, []);
}

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !shortcutsOn.get()) return;
  if (isTyping(event.target) || document.querySelector('[role="dialog"], [role="alertdialog"]')) return;
  // Letters count in either case: Caps Lock turns no shortcut off.
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const pair = event.timeStamp - first.at < PAIR_MS ? `${first.key} ${key}` : '';
  const run = find(pair) ?? find(key);
  first = { key, at: event.timeStamp };
  if (!run) return;
  first = { key: '', at: 0 };
  event.preventDefault();
  run();
});

function find(keys: string): (() => void) | undefined {
  // The innermost page comes last, and first served.
  return active.map(({ current }) => current[keys]).findLast(Boolean);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null;
}
