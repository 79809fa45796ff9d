import { useEffect } from 'react';
import type { Person } from '../auth/session';
import type { Config } from '../config';
import { keptLanguage, languageOf, showLanguage } from '../i18n/i18n';
import { timeZone } from '../i18n/time';
import { startLive } from '../live/live';
import { useProfile } from '../settings/data';
import { flushDeletions, leaveWork, resumeWork } from '../todos/commands';
import { forgetTodos } from '../todos/data';
import { report } from './failure';
import { queryClient } from './query-client';

/** What goes on in the background while somebody is signed in. */
export function SignedInWork({ person, config }: { person: Person; config: Config }) {
  useOwnData(person.id);
  useEffect(() => (config.websocketUrl ? startLive(config.websocketUrl) : undefined), [config, person.id]);
  useProfileChoices();
  return null;
}

/**
 * Nothing of one person is there when another signs in; no deletion is lost with the page, and no change with a session
 * that ran out.
 */
function useOwnData(id: string): void {
  useEffect(() => {
    window.addEventListener('pagehide', flushDeletions);
    resumeWork(id);
    return () => {
      window.removeEventListener('pagehide', flushDeletions);
      leaveWork();
      queryClient.clear();
      forgetTodos();
    };
  }, [id]);
}

/** Times and words are as the profile says; a language that was chosen on this device goes first. */
function useProfileChoices(): void {
  const { data: profile } = useProfile();
  useEffect(() => {
    if (!profile) return;
    timeZone.update(() => profile.timeZone);
    showLanguage(keptLanguage() ?? languageOf(profile.locale)).catch(report);
  }, [profile]);
}
