import { useState, type SyntheticEvent } from 'react';
import { ApiError } from '../api/problem';
import { inWords } from '../app/failure';
import { keepLanguage, languageOf, showLanguage, useMessages, type Language } from '../i18n/i18n';
import { Alert, Button, Field, SelectField } from '../ui/controls';
import { say } from '../ui/toasts';
import { changeProfile, useProfile, type Profile } from './data';
import { Loaded, Section } from './section';
import css from './settings-page.module.css';

/** Name, language and time zone. */
export function ProfileSection() {
  const m = useMessages();
  const profile = useProfile();
  return (
    <Section title={m.profile}>
      <Loaded query={profile}>{(data) => <Form profile={data} />}</Loaded>
    </Section>
  );
}

function Form({ profile }: { profile: Profile }) {
  const m = useMessages();
  // What the user has typed and not saved yet; it stays when a newer version of the profile arrives.
  const [name, setName] = useState<string | null>(null);
  const [zone, setZone] = useState<string | null>(null);
  const [language, setLanguage] = useState<Language | null>(null);
  const [failure, setFailure] = useState('');
  const [isStale, setStale] = useState(false);
  const [isBusy, setBusy] = useState(false);

  const save = async () => {
    const edit = {
      ...(name !== null && { displayName: name }),
      ...(zone !== null && { timeZone: zone }),
      ...(language !== null && { locale: language }),
    };
    await changeProfile(profile.version, edit);
    if (language) {
      keepLanguage(language);
      await showLanguage(language);
    }
    setName(null);
    setZone(null);
    setLanguage(null);
    say(m.saved);
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure('');
    setStale(false);
    save()
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 412) setStale(true);
        else setFailure(inWords(error));
      })
      .finally(() => setBusy(false));
  };
  return (
    <form onSubmit={submit}>
      {failure && <Alert>{failure}</Alert>}
      {isStale && (
        <Alert>
          {m.profileConflict} {profileLine(profile)}
        </Alert>
      )}
      <Field
        label={m.displayName}
        value={name ?? profile.displayName}
        onChange={(event) => setName(event.target.value)}
        autoComplete="name"
        maxLength={100}
        required
      />
      <div className={css['pair']}>
        <SelectField
          label={m.language}
          value={language ?? languageOf(profile.locale)}
          onChange={(event) => setLanguage(event.target.value as Language)}
        >
          <option value="en">English</option>
          <option value="de">Deutsch</option>
        </SelectField>
        <SelectField
          label={m.timeZone}
          value={zone ?? profile.timeZone}
          onChange={(event) => setZone(event.target.value)}
        >
          {zones(zone ?? profile.timeZone).map((one) => (
            <option key={one}>{one}</option>
          ))}
        </SelectField>
      </div>
      <div className={css['end']}>
        <Button type="submit" look="primary" disabled={isBusy || (name ?? zone ?? language) === null}>
          {m.save}
        </Button>
      </div>
    </form>
  );
}

function profileLine(profile: Profile): string {
  return [profile.displayName, profile.timeZone].join(' · ');
}

/** All time zones that the browser knows; browsers leave out `UTC`, which is what a profile begins with. */
function zones(current: string): string[] {
  return [...new Set([current, 'UTC', ...Intl.supportedValuesOf('timeZone')])].sort();
}
