import { useTitle } from '../app/use-title';
import type { User } from '../auth/session';
import { useMessages } from '../i18n/i18n';
import { AccountSection } from './account-section';
import { AppearanceSection } from './appearance-section';
import { ExportSection } from './export-section';
import { LimitsSection } from './limits-section';
import { MailSection } from './mail-section';
import { ProfileSection } from './profile-section';
import css from './settings-page.module.css';

/** Profile, emails, appearance, export, limits and account. */
export default function SettingsPage({ user }: { user: User }) {
  const m = useMessages();
  useTitle(m.settings);
  return (
    <div className={css['page']}>
      <h1>{m.settings}</h1>
      <ProfileSection />
      <MailSection />
      <AppearanceSection />
      <ExportSection />
      <LimitsSection />
      <AccountSection user={user} />
    </div>
  );
}
