import { useTitle } from '../app/use-title';
import type { Person } from '../auth/session';
import { useMessages } from '../i18n/i18n';
import { AccountSection } from './account-section';
import { AppearanceSection } from './appearance-section';
import { ExportSection } from './export-section';
import { MailSection } from './mail-section';
import { ProfileSection } from './profile-section';
import css from './settings-page.module.css';

/** Everything that can be set, and everything that can be taken along or away. */
export default function SettingsPage({ person }: { person: Person }) {
  const m = useMessages();
  useTitle(m.settings);
  return (
    <div className={css['page']}>
      <h1>{m.settings}</h1>
      <ProfileSection />
      <MailSection />
      <AppearanceSection />
      <ExportSection />
      <AccountSection person={person} />
    </div>
  );
}
