import { useEffect } from 'react';
import { session, type User } from '../auth/session';
import type { Config } from '../config';
import { storeLanguage, languageOf, showLanguage } from '../i18n/i18n';
import { showTimeZone } from '../i18n/time';
import { startLive } from '../live/live';
import { useProfile } from '../settings/data';
import { startSync } from '../todos/commands';
import { resetTodos } from '../todos/data';
import { storeItems } from '../todos/stored-items';
import { saveUnsavedEdits } from '../todos/unsaved-edits';
import { openLine, resetLines } from '../todos/input-line';
import { resetListPosition } from '../todos/list-position';
import { dismissAllToasts } from '../ui/toasts';
import { reportError } from './error-message';
import { queryClient } from './query-client';

/** Background tasks while a user is signed in. */
export function BackgroundTasks({ user, config }: { user: User; config: Config }) {
  useUserData(user.id);
  useEffect(() => (config.websocketUrl ? startLive(config.websocketUrl) : undefined), [config, user.id]);
  useProfileSettings();
  return null;
}

/**
 * Clears all data of a user before another one signs in. No change is lost when the page closes or the session expires.
 */
function useUserData(id: string): void {
  useEffect(() => {
    const stopStoring = storeItems(id);
    const endWork = startSync(id);
    openLine(id);
    let hasLeft = false;
    const leave = () => {
      if (hasLeft) return;
      hasLeft = true;
      saveUnsavedEdits();
      endWork();
      stopStoring();
      dismissAllToasts();
      queryClient.clear();
      resetTodos();
      resetLines();
      resetListPosition();
    };
    // Runs synchronously, before the page renders anything for the next user.
    const unsubscribe = session.subscribe(leave);
    window.addEventListener('pagehide', saveUnsavedEdits);
    return () => {
      unsubscribe();
      window.removeEventListener('pagehide', saveUnsavedEdits);
      leave();
    };
  }, [id]);
}

/** Applies time zone and language of the profile; the device stores both for the time before the profile loads. */
function useProfileSettings(): void {
  const { data: profile } = useProfile();
  useEffect(() => {
    if (!profile) return;
    showTimeZone(profile.timeZone);
    const language = languageOf(profile.locale);
    storeLanguage(language);
    showLanguage(language).catch(reportError);
  }, [profile]);
}
