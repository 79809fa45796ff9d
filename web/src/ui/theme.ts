import { Store } from '../store';

export type Theme = 'system' | 'light' | 'dark';

const STORAGE_KEY = 'busline.theme';
const dark = window.matchMedia('(prefers-color-scheme: dark)');

export const theme = new Store<Theme>(storedTheme());

/** Shows the chosen theme, and follows the device while none is chosen. */
export function startTheme(): void {
  show();
  theme.subscribe(show);
  dark.addEventListener('change', show);
}

/** Chooses a theme for this device. */
export function chooseTheme(next: Theme): void {
  localStorage.setItem(STORAGE_KEY, next);
  theme.update(() => next);
}

function show(): void {
  const chosen = theme.get();
  document.documentElement.dataset['theme'] = chosen === 'system' ? (dark.matches ? 'dark' : 'light') : chosen;
}

function storedTheme(): Theme {
  const stored = localStorage.getItem(STORAGE_KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}
