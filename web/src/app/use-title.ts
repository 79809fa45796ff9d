import { useEffect } from 'react';
import { useMessages } from '../i18n/i18n';
import { isolated } from '../ui/toasts';

/** Names the page in the browser's tab. */
export function useTitle(title: string): void {
  const m = useMessages();
  useEffect(() => {
    document.title = `${isolated(title)} · ${m.appName}`;
  }, [title, m]);
}
