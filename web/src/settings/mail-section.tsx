import { errorMessage } from '../app/error-message';
import { useLanguage, useMessages } from '../i18n/i18n';
import { dateTimeFormat } from '../i18n/time';
import { SelectField } from '../ui/select-field';
import { showToast } from '../ui/toasts';
import { changePreferences, usePreferences, type Preferences } from './data';
import { Loaded, Section } from './section';
import { Switch } from './switch';
import css from './settings-page.module.css';

/** Settings of emails. */
export function MailSection() {
  const m = useMessages();
  const preferences = usePreferences();
  return (
    <Section title={m.mail}>
      <Loaded query={preferences} notDeployed={m.mailNotDeployed} placeholder={<Choices preferences={null} />}>
        {(data) => <Choices preferences={data} />}
      </Loaded>
    </Section>
  );
}

/** The settings, disabled until they are loaded. */
function Choices({ preferences }: { preferences: Preferences | null }) {
  const m = useMessages();
  const language = useLanguage();
  const change = (edit: Partial<Omit<Preferences, 'mailProblem'>>) => {
    changePreferences(edit).catch((error: unknown) => showToast(errorMessage(error), { tone: 'bad' }));
  };
  return (
    <>
      {preferences?.mailProblem && (
        <p role="status" className={css['soft']}>
          {preferences.mailProblem === 'bounce' ? m.mailBounced : m.mailUnwanted}
        </p>
      )}
      <Switch
        text={m.reminderMail}
        hint={m.reminderMailHint}
        isOn={preferences?.reminderMail ?? false}
        disabled={!preferences}
        onChange={(reminderMail) => change({ reminderMail })}
      />
      <Switch
        text={m.digestMail}
        isOn={preferences?.digestMail ?? false}
        disabled={!preferences}
        onChange={(digestMail) => change({ digestMail })}
      />
      {preferences?.digestMail && (
        <div className={css['hour']}>
          <SelectField
            label={m.digestHour}
            value={preferences.digestHour}
            options={HOURS.map((hour) => ({ value: hour, label: formatHour(hour, language) }))}
            onChange={(digestHour) => change({ digestHour })}
          />
        </div>
      )}
    </>
  );
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

function formatHour(hour: number, language: string): string {
  const format = dateTimeFormat(language, { timeStyle: 'short', timeZone: 'UTC' });
  return format.format(new Date(Date.UTC(2000, 0, 1, hour)));
}
