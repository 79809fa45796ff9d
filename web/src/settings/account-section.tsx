import { useState } from 'react';
import { inWords } from '../app/failure';
import { sessionEnded, signOut, signOutEverywhere, type Person } from '../auth/session';
import { useForm } from '../auth/use-form';
import { useMessages } from '../i18n/i18n';
import { finishWork } from '../todos/commands';
import { dropWaiting } from '../todos/waiting';
import { Alert, Button, PasswordField } from '../ui/controls';
import { actionsClass, Dialog } from '../ui/dialog';
import { say } from '../ui/toasts';
import { deleteAccount } from './data';
import { Section } from './section';
import css from './settings-page.module.css';

/** A way out of the session, and how many changes would be lost on it. */
interface Departure {
  end: () => Promise<void>;
  waiting: number;
}

/** The session, and the end of the account. */
export function AccountSection({ person }: { person: Person }) {
  const m = useMessages();
  const [isAsking, setAsking] = useState(false);
  const [departure, setDeparture] = useState<Departure | null>(null);
  const leave = async (end: () => Promise<void>) => {
    try {
      await end();
      dropWaiting(person.id);
    } catch (error) {
      say(inWords(error), { tone: 'bad' });
    }
  };
  const askToLeave = async (end: () => Promise<void>) => {
    const waiting = await finishWork(person.id);
    if (waiting > 0) setDeparture({ end, waiting });
    else await leave(end);
  };
  return (
    <>
      <Section title={m.sessions}>
        <div className={css['line']}>
          <p>{m.signedInAs(person.email)}</p>
          <Button onClick={() => void askToLeave(signOut)}>{m.signOut}</Button>
        </div>
        <div className={css['line']}>
          <p className={css['soft']}>{m.signOutEverywhereHint}</p>
          <Button onClick={() => void askToLeave(signOutEverywhere)}>{m.signOutEverywhere}</Button>
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
      <Dialog title={m.unsentTitle} isOpen={departure !== null} onOpenChange={() => setDeparture(null)}>
        {departure && (
          <>
            <p>{m.unsentText(departure.waiting)}</p>
            <div className={actionsClass}>
              <Button onClick={() => setDeparture(null)}>{m.staySignedIn}</Button>
              <Button look="danger" onClick={() => void leave(departure.end)}>
                {m.signOut}
              </Button>
            </div>
          </>
        )}
      </Dialog>
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
    dropWaiting(person.id);
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
