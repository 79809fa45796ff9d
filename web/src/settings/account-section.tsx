import { useState } from 'react';
import { errorMessage } from '../app/error-message';
import { endSession, signOut, type User } from '../auth/session';
import { useForm } from '../auth/use-form';
import { useMessages } from '../i18n/i18n';
import { finishSync } from '../todos/commands';
import { deleteStoredChanges } from '../todos/stored-changes';
import { Alert, Button, PasswordField } from '../ui/controls';
import { actionsClass, Dialog } from '../ui/dialog';
import { isolated, showToast } from '../ui/toasts';
import { deleteAccount, signOutEverywhere } from './data';
import { Section } from './section';
import css from './settings-page.module.css';

/** A sign-out to confirm, and how many unsent changes it would lose. */
interface PendingSignOut {
  end: () => Promise<void>;
  waiting: number;
}

/** Sign-out and deletion of the account. */
export function AccountSection({ user }: { user: User }) {
  const m = useMessages();
  const [isAsking, setAsking] = useState(false);
  const [pendingSignOut, setDeparture] = useState<PendingSignOut | null>(null);
  const leave = async (end: () => Promise<void>) => {
    try {
      await end();
      deleteStoredChanges(user.id);
    } catch (error) {
      showToast(errorMessage(error), { tone: 'bad' });
    }
  };
  const askToLeave = async (end: () => Promise<void>) => {
    const waiting = await finishSync(user.id);
    if (waiting > 0) setDeparture({ end, waiting });
    else await leave(end);
  };
  return (
    <>
      <Section title={m.sessions}>
        <div className={css['line']}>
          <p>{m.signedInAs(isolated(user.email))}</p>
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
      <Dialog title={m.unsentTitle} isOpen={pendingSignOut !== null} onOpenChange={() => setDeparture(null)}>
        {pendingSignOut && (
          <>
            <p>{m.unsentText(pendingSignOut.waiting)}</p>
            <div className={actionsClass}>
              <Button onClick={() => setDeparture(null)}>{m.staySignedIn}</Button>
              <Button look="danger" onClick={() => void leave(pendingSignOut.end)}>
                {m.signOut}
              </Button>
            </div>
          </>
        )}
      </Dialog>
      <Dialog title={m.deleteDialogTitle} isOpen={isAsking} onOpenChange={setAsking}>
        <DeleteForm user={user} onCancel={() => setAsking(false)} />
      </Dialog>
    </>
  );
}

function DeleteForm({ user, onCancel }: { user: User; onCancel: () => void }) {
  const m = useMessages();
  const form = useForm(async (field) => {
    // Loaded on demand: few visits of the settings need it.
    const { reauthenticate } = await import('../auth/cognito');
    await deleteAccount(await reauthenticate(user.email, field('password')));
    await endSession('deleted');
    deleteStoredChanges(user.id);
  });
  return (
    <form className={css['page']} onSubmit={form.submit}>
      <p>{m.deleteDialogText}</p>
      {form.failure && <Alert>{form.failure}</Alert>}
      {/* Tells a password manager which account the password belongs to. */}
      <input type="email" autoComplete="username" value={user.email} readOnly hidden />
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
