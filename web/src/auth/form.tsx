import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import { useMessages } from '../i18n/i18n';
import { Alert, Button, Field, Note, PasswordField } from '../ui/controls';
import css from './frame.module.css';
import type { FormState } from './use-form';

interface Props {
  form: FormState;
  /** The text of the button that sends it. */
  action: string;
  children: ReactNode;
}

/** A form of the pages before somebody is signed in: what went wrong, its fields, and one button. */
export function Form({ form, action, children }: Props) {
  return (
    <form onSubmit={form.submit}>
      {form.failure && <Alert>{form.failure}</Alert>}
      {children}
      {/* `disabled` would take the focus away, and with it the place of somebody who does not see the page. */}
      <Button type="submit" look="primary" aria-disabled={form.isBusy}>
        {action}
      </Button>
    </form>
  );
}

interface CodeProps extends Props {
  email: string;
  /** Has the user pool mail another code. */
  sendCode: (email: string) => Promise<void>;
}

/** A form that is sent with a code from a mail, and the way to another code. */
export function CodeForm({ form, action, email, sendCode, children }: CodeProps) {
  const m = useMessages();
  const [isSent, setSent] = useState(false);
  const sendAnother = () =>
    form.run(async () => {
      setSent(false);
      await sendCode(email.trim());
      setSent(true);
    });
  return (
    <>
      <Form form={form} action={action}>
        {isSent && !form.failure && <Note>{m.codeSent}</Note>}
        {children}
      </Form>
      <div className={css['foot']}>
        <button
          type="button"
          className={css['link']}
          aria-disabled={form.isBusy}
          disabled={email === ''}
          onClick={sendAnother}
        >
          {m.resendCode}
        </button>
        <Link href="/sign-in">{m.signIn}</Link>
      </div>
    </>
  );
}

/** An address that the page goes on using after the form was sent. */
export function EmailField({ email, onChange }: { email: string; onChange: (email: string) => void }) {
  const m = useMessages();
  return (
    <Field
      label={m.email}
      type="email"
      autoComplete="username"
      value={email}
      onChange={(event) => onChange(event.target.value)}
      required
    />
  );
}

/** The six digits that the user pool has mailed, as `code`; people paste them with spaces. */
export function CodeField() {
  const m = useMessages();
  return (
    <Field
      label={m.code}
      name="code"
      inputMode="numeric"
      autoComplete="one-time-code"
      pattern="\s*(\d\s*){6}"
      title={m.code}
      required
    />
  );
}

/** A password that is being chosen, as `password`. */
export function NewPasswordField({ label }: { label: string }) {
  const m = useMessages();
  return (
    <PasswordField
      label={label}
      name="password"
      autoComplete="new-password"
      minLength={12}
      hint={m.passwordRule}
      required
    />
  );
}
