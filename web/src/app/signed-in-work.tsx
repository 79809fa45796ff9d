import { useEffect } from 'react';
import { session, type Person } from '../auth/session';
import type { Config } from '../config';
import { keepLanguage, languageOf, showLanguage } from '../i18n/i18n';
import { timeZone } from '../i18n/time';
import { startLive } from '../live/live';
import { useProfile } from '../settings/data';
import { flushDeletions, startWork } from '../todos/commands';
import { forgetTodos } from '../todos/data';
import { saveDrafts } from '../todos/drafts';
import { forgetLines } from '../todos/line';
import { forgetPlace } from '../todos/place';
import { dismissAll } from '../ui/toasts';
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
 * Nothing of one person is there when another signs in; no change is lost with the page or with a session that ran out.
 */
function useOwnData(id: string): void {
  useEffect(() => {
    const endWork = startWork(id);
    let hasLeft = false;
    const leave = () => {
      if (hasLeft) return;
      hasLeft = true;
      saveDrafts();
      endWork();
      dismissAll();
      queryClient.clear();
      forgetTodos();
      forgetLines();
      forgetPlace();
    };
    // At once, before the page shows anything to the next person; it changes only when another person comes or none.
    const unsubscribe = session.subscribe(leave);
    window.addEventListener('pagehide', closePage);
    return () => {
      unsubscribe();
      window.removeEventListener('pagehide', closePage);
      leave();
    };
  }, [id]);
}

function closePage(): void {
  saveDrafts();
  flushDeletions();
}

/** Times and words are as the profile says; the device keeps the language for what shows before the profile is known. */
function useProfileChoices(): void {
  const { data: profile } = useProfile();
  useEffect(() => {
    if (!profile) return;
    timeZone.update(() => profile.timeZone);
    const language = languageOf(profile.locale);
    keepLanguage(language);
    showLanguage(language).catch(report);
  }, [profile]);
}
