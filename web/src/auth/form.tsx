import type { ReactNode } from 'react';
import { useMessages } from '../i18n/i18n';
import { Alert, Button, Field, PasswordField } from '../ui/controls';
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
      <Button type="submit" look="primary" disabled={form.isBusy}>
        {action}
      </Button>
    </form>
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
