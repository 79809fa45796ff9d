import { Store, useStore } from '../store';

/** The zone that times are shown in: the profile's, and the device's until the profile is there. */
export const timeZone = new Store<string>(Intl.DateTimeFormat().resolvedOptions().timeZone);

/** The zone that times are shown in. */
export const useTimeZone = (): string => useStore(timeZone);

/** A moment in words such as `21 Nov 2026, 18:00`. */
export function longMoment(moment: string, language: string, zone: string): string {
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: zone,
  }).format(new Date(moment));
}
