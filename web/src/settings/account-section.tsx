import { useState } from 'react';
import { inWords } from '../app/failure';
import { sessionEnded, signOut, signOutEverywhere, type Person } from '../auth/session';
import { useForm } from '../auth/use-form';
import { useMessages } from '../i18n/i18n';
import { flushDeletions } from '../todos/commands';
import { Alert, Button, PasswordField } from '../ui/controls';
import { actionsClass, Dialog } from '../ui/dialog';
import { say } from '../ui/toasts';
import { deleteAccount } from './data';
import { Section } from './section';
import css from './settings-page.module.css';

/** The session, and the end of the account. */
export function AccountSection({ person }: { person: Person }) {
  const m = useMessages();
  const [isAsking, setAsking] = useState(false);
  const leave = (work: () => Promise<void>) => {
    flushDeletions();
    work().catch((error: unknown) => say(inWords(error), { tone: 'bad' }));
  };
  return (
    <>
      <Section title={m.sessions}>
        <div className={css['line']}>
          <p>{m.signedInAs(person.email)}</p>
          <Button onClick={() => leave(signOut)}>{m.signOut}</Button>
        </div>
        <div className={css['line']}>
          <p className={css['soft']}>{m.signOutEverywhereHint}</p>
          <Button onClick={() => leave(signOutEverywhere)}>{m.signOutEverywhere}</Button>
        </div>
      </Section>
      <Section title={m.deleteAccount}>
        <div className={css['line']}>
          <p className={css['soft']}>{m.deleteText}</p>
          <Button look="danger" onClick={() => setAsking(true)}>
            {m.deleteAccount}
          </Button>
        </div>
      </Section>
      <Dialog title={m.deleteDialogTitle} isOpen={isAsking} onOpenChange={setAsking}>
        <DeleteForm person={person} onCancel={() => setAsking(false)} />
      </Dialog>
    </>
  );
}

function DeleteForm({ person, onCancel }: { person: Person; onCancel: () => void }) {
  const m = useMessages();
  const form = useForm(async (field) => {
    // Few who look at their settings need it.
    const { proveItIsYou } = await import('../auth/cognito');
    await deleteAccount(await proveItIsYou(person.email, field('password')));
    await sessionEnded('deleted');
  });
  return (
    <form className={css['page']} onSubmit={form.submit}>
      <p>{m.deleteDialogText}</p>
      {form.failure && <Alert>{form.failure}</Alert>}
      {/* Tells a password manager whose password is asked for. */}
      <input type="email" autoComplete="username" value={person.email} readOnly hidden />
      <PasswordField label={m.password} name="password" autoComplete="current-password" required />
      <div className={actionsClass}>
        <Button onClick={onCancel}>{m.cancel}</Button>
        <Button type="submit" look="danger" aria-disabled={form.isBusy}>
          {m.deleteForGood}
        </Button>
      </div>
    </form>
  );
}
