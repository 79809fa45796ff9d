import './styles/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/app';
import { startOffline } from './app/offline';
import { prefetchFirstView } from './app/prefetch';
import { preloadFirst } from './app/pages';
import { StartError } from './app/error-pages';
import { session, startSession } from './auth/session';
import { loadConfig } from './config';
import { browserLanguage, storedLanguage, showLanguage } from './i18n/i18n';
import { deleteStoredTimeZone, showStoredTimeZone } from './i18n/time';
import { deleteStoredItems } from './todos/stored-items';
import { startTheme } from './ui/theme';

startTheme();
startOffline();
preloadFirst();
const root = createRoot(document.getElementById('root') ?? document.body);
try {
  const [config] = await Promise.all([loadConfig(), showLanguage(storedLanguage() ?? browserLanguage())]);
  await startSession(config);
  if (session.get().state === 'signed-in') {
    showStoredTimeZone();
    prefetchFirstView();
  } else {
    deleteStoredTimeZone();
    deleteStoredItems();
  }
  root.render(
    <StrictMode>
      <App config={config} />
    </StrictMode>,
  );
} catch (error) {
  console.error(error);
  root.render(<StartError />);
}
