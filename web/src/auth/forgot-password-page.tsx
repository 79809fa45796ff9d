import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useMessages } from '../i18n/i18n';
import { Alert, Button, Field, PasswordField } from '../ui/controls';
import { forgetPassword, setPassword } from './cognito';
import { AuthFrame } from './frame';
import css from './frame.module.css';
import { useForm } from './use-form';

/** Where somebody who has forgotten the password sets a new one. */
export default function ForgotPasswordPage() {
  const m = useMessages();
  const [, navigate] = useLocation();
  const [email, setEmail] = useState('');
  const [isSent, setSent] = useState(false);
  const ask = useForm(async () => {
    await forgetPassword(email.trim());
    setSent(true);
  });
  const change = useForm(async (field) => {
    await setPassword(email.trim(), field('code').replaceAll(/\s/g, ''), field('password'));
    navigate(`/sign-in?news=password&email=${encodeURIComponent(email.trim())}`);
  });
  if (!isSent) {
    return (
      <AuthFrame title={m.forgotTitle} intro={m.forgotText}>
        <form onSubmit={ask.submit}>
          {ask.failure && <Alert>{ask.failure}</Alert>}
          <Field
            label={m.email}
            type="email"
            autoComplete="username"
            value={email}
            onChange={(event) => setEmail(event.target.value)}
            required
          />
          <Button type="submit" look="primary" disabled={ask.isBusy}>
            {m.sendCode}
          </Button>
        </form>
        <div className={css['foot']}>
          <Link href="/sign-in">{m.signIn}</Link>
        </div>
      </AuthFrame>
    );
  }
  return (
    <AuthFrame title={m.forgotTitle} intro={m.forgotSent(email)}>
      <form onSubmit={change.submit}>
        {change.failure && <Alert>{change.failure}</Alert>}
        <Field
          label={m.code}
          name="code"
          inputMode="numeric"
          autoComplete="one-time-code"
          pattern="\s*(\d\s*){6}"
          title={m.code}
          required
        />
        <PasswordField
          label={m.newPassword}
          name="password"
          autoComplete="new-password"
          minLength={12}
          hint={m.passwordRule}
          required
        />
        <Button type="submit" look="primary" disabled={change.isBusy}>
          {m.setPassword}
        </Button>
      </form>
      <div className={css['foot']}>
        <button type="button" className={css['link']} disabled={ask.isBusy} onClick={() => setSent(false)}>
          {m.resendCode}
        </button>
      </div>
    </AuthFrame>
  );
}
