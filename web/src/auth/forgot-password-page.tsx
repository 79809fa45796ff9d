import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useMessages } from '../i18n/i18n';
import { forgetPassword, setPassword } from './cognito';
import { CodeField, EmailField, Form, NewPasswordField } from './form';
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
        <Form form={ask} action={m.sendCode}>
          <EmailField email={email} onChange={setEmail} />
        </Form>
        <div className={css['foot']}>
          <Link href="/sign-in">{m.signIn}</Link>
        </div>
      </AuthFrame>
    );
  }
  return (
    <AuthFrame title={m.forgotTitle} intro={m.forgotSent(email)}>
      <Form form={change} action={m.setPassword}>
        <CodeField />
        <NewPasswordField label={m.newPassword} />
      </Form>
      <div className={css['foot']}>
        <button type="button" className={css['link']} disabled={ask.isBusy} onClick={() => setSent(false)}>
          {m.resendCode}
        </button>
      </div>
    </AuthFrame>
  );
}
