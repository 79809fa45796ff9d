import { Store, useStore } from '../store';

/** The zone that times are shown in: the profile's, and the device's until the profile is there. */
export const timeZone = new Store<string>(Intl.DateTimeFormat().resolvedOptions().timeZone);

/** The zone that times are shown in. */
export const useTimeZone = (): string => useStore(timeZone);

/** A moment in words such as `21 Nov 2026, 18:00`. */
export function longMoment(moment: string, language: string, zone: string): string {
  return timeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: zone }).format(new Date(moment));
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** How times are written in a language of the page. Kept, as making one takes longer than using it a hundred times. */
export function timeFormat(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${JSON.stringify(options)}`;
  const kept = formats.get(key);
  if (kept) return kept;
  const made = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, options);
  formats.set(key, made);
  return made;
}
