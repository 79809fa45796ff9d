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

/** A form of the pages before sign-in: error message, fields and one button. */
export function Form({ form, action, children }: Props) {
  return (
    <form onSubmit={form.submit}>
      {form.failure && <Alert>{form.failure}</Alert>}
      {children}
      {/* `disabled` would remove the focus, and a screen reader would lose its position. */}
      <Button type="submit" look="primary" aria-disabled={form.isBusy}>
        {action}
      </Button>
    </form>
  );
}

interface CodeProps extends Props {
  email: string;
  /** Asks the user pool to send another code by email. */
  sendCode: (email: string) => Promise<void>;
}

/** A form with a code from an email, and a button to request another code. */
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

/** The email address, which the page keeps after the form was sent. */
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

/** The six digits that the user pool sent by email, as `code`; pasted codes may contain spaces. */
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

/** A new password, as `password`. */
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
