import { useMemo, useState, type SyntheticEvent } from 'react';
import { ApiError } from '../api/problem';
import { errorMessage } from '../app/error-message';
import { languageOf, messages, showLanguage, useLanguage, useMessages, type Language } from '../i18n/i18n';
import { Alert, Button, Field } from '../ui/controls';
import { SelectField, type Option } from '../ui/select-field';
import { isolated, showToast } from '../ui/toasts';
import { changeProfile, useProfile, type Profile, type ProfileEdit } from './data';
import { Loaded, Section } from './section';
import css from './settings-page.module.css';

/** Name, language and time zone. */
export function ProfileSection() {
  const m = useMessages();
  const profile = useProfile();
  return (
    <Section title={m.profile}>
      <Loaded query={profile} placeholder={<Form profile={null} />}>
        {(data) => <Form profile={data} />}
      </Loaded>
    </Section>
  );
}

/** The form; it cannot be filled in before the profile is known. */
function Form({ profile }: { profile: Profile | null }) {
  const m = useMessages();
  const shownLanguage = useLanguage();
  // What the user has typed and not saved yet; it stays when a newer version of the profile arrives.
  const [name, setName] = useState<string | null>(null);
  const [zone, setZone] = useState<string | null>(null);
  const [language, setLanguage] = useState<Language | null>(null);
  const [failure, setFailure] = useState('');
  const [isStale, setStale] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const chosenZone = zone ?? profile?.timeZone ?? '';
  const zones = useZones(chosenZone);

  const isNameless = name?.trim() === '';
  const edit = profile ? editOf(profile, { name, zone, language }) : {};
  const canSave = !isBusy && !isNameless && Object.keys(edit).length > 0;

  const save = async () => {
    if (!profile) return;
    await changeProfile(profile.version, edit);
    if (language) await showLanguage(language);
    setName(null);
    setZone(null);
    setLanguage(null);
    showToast(messages().saved);
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!canSave) return;
    setBusy(true);
    setFailure('');
    setStale(false);
    save()
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 412) setStale(true);
        else setFailure(errorMessage(error));
      })
      .finally(() => setBusy(false));
  };
  return (
    <form onSubmit={submit}>
      {failure && <Alert>{failure}</Alert>}
      {isStale && profile && (
        <Alert>
          {m.profileConflict} {profileLine(profile)}
        </Alert>
      )}
      <Field
        label={m.displayName}
        dir="auto"
        value={name ?? profile?.displayName ?? ''}
        disabled={!profile}
        onChange={(event) => setName(event.target.value)}
        autoComplete="name"
        maxLength={100}
        error={isNameless ? m.errorDisplayName : undefined}
        required
      />
      <div className={css['pair']}>
        <SelectField
          label={m.language}
          value={language ?? shownLanguage}
          options={LANGUAGES}
          disabled={!profile}
          onChange={setLanguage}
        />
        <SelectField label={m.timeZone} value={chosenZone} options={zones} disabled={!profile} onChange={setZone} />
      </div>
      <div className={css['end']}>
        {/* `disabled` would remove the focus as soon as everything is saved. */}
        <Button type="submit" look="primary" aria-disabled={!canSave}>
          {m.save}
        </Button>
      </div>
    </form>
  );
}

const LANGUAGES: Option<Language>[] = [
  { value: 'en', label: 'English' },
  { value: 'de', label: 'Deutsch' },
];

interface Typed {
  name: string | null;
  zone: string | null;
  language: Language | null;
}

/** What of the profile would change. */
function editOf(profile: Profile, { name, zone, language }: Typed): ProfileEdit {
  const displayName = name?.trim() ?? profile.displayName;
  return {
    ...(displayName !== profile.displayName && { displayName }),
    ...(zone !== null && zone !== profile.timeZone && { timeZone: zone }),
    ...(language !== null && language !== languageOf(profile.locale) && { locale: language }),
  };
}

function profileLine(profile: Profile): string {
  return [isolated(profile.displayName), profile.timeZone].join(' · ');
}

/** All time zones that the browser knows, and `UTC`, which browsers leave out and a profile begins with. */
function useZones(chosen: string): Option<string>[] {
  return useMemo(() => {
    const all = new Set([chosen, 'UTC', ...Intl.supportedValuesOf('timeZone')]);
    return [...all].sort().map((zone) => ({ value: zone, label: zone }));
  }, [chosen]);
}
