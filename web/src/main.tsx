import './styles/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/app';
import { askForFirstData } from './app/first-data';
import { preloadFirst } from './app/pages';
import { StartFailed } from './app/failed-page';
import { startSession } from './auth/session';
import { loadConfig } from './config';
import { browserLanguage, keptLanguage, showLanguage } from './i18n/i18n';
import { startTheme } from './ui/theme';

startTheme();
preloadFirst();
const root = createRoot(document.getElementById('root') ?? document.body);
try {
  const [config] = await Promise.all([loadConfig(), showLanguage(keptLanguage() ?? browserLanguage())]);
  await startSession(config);
  askForFirstData();
  root.render(
    <StrictMode>
      <App config={config} />
    </StrictMode>,
  );
} catch (error) {
  console.error(error);
  root.render(<StartFailed />);
}
