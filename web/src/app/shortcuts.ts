import { useEffect, useRef } from 'react';
import { Store } from '../store';

/** Actions by key, or by two keys pressed in sequence (`g i`). */
export type Shortcuts = Record<string, () => void>;

const STORAGE_KEY = 'busline.shortcuts';
/** A second key counts for this long after the first, in milliseconds. */
const PAIR_MS = 1_200;

/** Whether single keys are shortcuts on this device. */
export const shortcutsOn = new Store(localStorage.getItem(STORAGE_KEY) !== 'off');

/** Turns the shortcuts on or off for this device. */
export function storeShortcuts(state: 'on' | 'off'): void {
  localStorage.setItem(STORAGE_KEY, state);
  shortcutsOn.update(() => state === 'on');
}

const active: { current: Shortcuts }[] = [];
let first = { key: '', at: 0 };

/** Registers shortcuts while a component is shown. They are ignored while the user types or a dialog is open. */
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
  // Case is ignored, so that Caps Lock disables no shortcut.
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
  // The innermost component registers last and has precedence.
  return active.map(({ current }) => current[keys]).findLast(Boolean);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input, textarea, [contenteditable], [role="combobox"], [role="listbox"]') !== null
  );
}
