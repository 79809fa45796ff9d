import { Store } from '../store';

export type Theme = 'system' | 'light' | 'dark';

const KEPT = 'busline.theme';
const dark = window.matchMedia('(prefers-color-scheme: dark)');

export const theme = new Store<Theme>(keptTheme());

/** Shows the chosen theme, and follows the device while none is chosen. */
export function startTheme(): void {
  show();
  theme.subscribe(show);
  dark.addEventListener('change', show);
}

/** Chooses a theme for this device. */
export function chooseTheme(next: Theme): void {
  localStorage.setItem(KEPT, next);
  theme.update(() => next);
}

function show(): void {
  const chosen = theme.get();
  document.documentElement.dataset['theme'] = chosen === 'system' ? (dark.matches ? 'dark' : 'light') : chosen;
}

function keptTheme(): Theme {
  const kept = localStorage.getItem(KEPT);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}
