import { Store, useStore } from '../store';

/** The zone that times are shown in: the profile's, and the device's until the profile is there. */
export const timeZone = new Store<string>(Intl.DateTimeFormat().resolvedOptions().timeZone);

const STORAGE_KEY = 'busline.timeZone';

/** Shows times in the profile's zone, and keeps it for the next visit, which may have no network. */
export function showTimeZone(zone: string): void {
  timeZone.update(() => zone);
  try {
    localStorage.setItem(STORAGE_KEY, zone);
  } catch {
    // The storage is full: the next visit begins with the device's zone.
  }
}

/** Shows times in the zone of the last visit, until the profile is there. */
export function showStoredTimeZone(): void {
  const stored = localStorage.getItem(STORAGE_KEY);
  if (stored !== null && isTimeZone(stored)) timeZone.update(() => stored);
}

/** Forgets the zone of the last visit. */
export const deleteStoredTimeZone = (): void => localStorage.removeItem(STORAGE_KEY);

function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The zone that times are shown in. */
export const useTimeZone = (): string => useStore(timeZone);

/** Date and time, such as `21 Nov 2026, 18:00`. */
export function formatDateTime(moment: string, language: string, zone: string): string {
  return dateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: zone }).format(new Date(moment));
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** A formatter for a language. Cached, because creating one takes longer than using it a hundred times. */
export function dateTimeFormat(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${JSON.stringify(options)}`;
  const stored = formats.get(key);
  if (stored) return stored;
  const made = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, options);
  formats.set(key, made);
  return made;
}
