import { Store, useStore } from '../store';
import { en, type Messages } from './en';

export type Language = 'en' | 'de';

interface Chosen {
  language: Language;
  messages: Messages;
}

const STORAGE_KEY = 'busline.language';
const chosen = new Store<Chosen>({ language: 'en', messages: en });

/** The messages of the chosen language. */
export const useMessages = (): Messages => useStore(chosen).messages;

/** The chosen language, for `Intl`. */
export const useLanguage = (): Language => useStore(chosen).language;

/** The messages outside of components. */
export const messages = (): Messages => chosen.get().messages;

/** The language of the last user on this device. */
export function storedLanguage(): Language | null {
  const stored = localStorage.getItem(STORAGE_KEY);
  return stored === 'en' || stored === 'de' ? stored : null;
}

/** The first of the browser's languages that we have. */
export const browserLanguage = (): Language =>
  languageOf(navigator.languages.find((tag) => /^(en|de)\b/.test(tag)) ?? 'en');

/** The language for a tag such as `de-CH`. */
export const languageOf = (tag: string): Language => (tag.startsWith('de') ? 'de' : 'en');

/** Loads a language and shows it from now on. */
export async function showLanguage(language: Language): Promise<void> {
  const loaded = language === 'de' ? (await import('./de')).de : en;
  document.documentElement.lang = language;
  chosen.update(() => ({ language, messages: loaded }));
}

/** Keeps the language for the next visit. */
export const storeLanguage = (language: Language): void => localStorage.setItem(STORAGE_KEY, language);
