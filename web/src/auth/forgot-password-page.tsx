import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useSearchParams } from '../app/use-search';
import { useMessages } from '../i18n/i18n';
import { isolated } from '../ui/toasts';
import { requestPasswordReset, setPassword } from './cognito';
import { CodeField, CodeForm, EmailField, Form, NewPasswordField } from './form';
import { AuthFrame } from './frame';
import css from './frame.module.css';
import { useForm } from './use-form';

/**
 * Sets a new password after the user has forgotten it. Once a code is sent, the page's address holds the email address, so
 * that a reload loses nothing.
 */
export default function ForgotPasswordPage() {
  const params = useSearchParams();
  const email = params.get('email');
  return email ? <NewPassword email={email} /> : <RequestCode />;
}

function RequestCode() {
  const m = useMessages();
  const [, navigate] = useLocation();
  const [email, setEmail] = useState('');
  const form = useForm(async () => {
    await requestPasswordReset(email.trim());
    navigate(`/forgot-password?email=${encodeURIComponent(email.trim())}`);
  });
  return (
    <AuthFrame title={m.forgotTitle} intro={m.forgotText}>
      <Form form={form} action={m.sendCode}>
        <EmailField email={email} onChange={setEmail} />
      </Form>
      <div className={css['foot']}>
        <Link href="/sign-in">{m.signIn}</Link>
        <Link href="/confirm">{m.confirmAddress}</Link>
      </div>
    </AuthFrame>
  );
}

function NewPassword({ email }: { email: string }) {
  const m = useMessages();
  const [, navigate] = useLocation();
  const form = useForm(async (field) => {
    await setPassword(email, field('code').replaceAll(/\s/g, ''), field('password'));
    navigate(`/sign-in?news=password&email=${encodeURIComponent(email)}`, { replace: true });
  });
  return (
    <AuthFrame title={m.forgotTitle} intro={m.forgotSent(isolated(email))}>
      <CodeForm form={form} action={m.setPassword} email={email} sendCode={requestPasswordReset}>
        <CodeField />
        <NewPasswordField label={m.newPassword} />
      </CodeForm>
    </AuthFrame>
  );
}
