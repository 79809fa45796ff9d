import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useSearchParams } from '../app/use-search';
import { useMessages } from '../i18n/i18n';
import { useStore } from '../store';
import { Alert, Field, Note, PasswordField } from '../ui/controls';
import { choosePassword, signIn, type SignInStep } from './cognito';
import { Form, NewPasswordField } from './form';
import { AuthFrame } from './frame';
import css from './frame.module.css';
import { session } from './session';
import { useForm } from './use-form';

/** Signs in; asks for a new password if an administrator created the account. */
export default function SignInPage() {
  const m = useMessages();
  const [, navigate] = useLocation();
  const params = useSearchParams();
  const current = useStore(session);
  const [choosing, setChoosing] = useState(false);

  const go = (step: SignInStep, email: string) => {
    // After the sign-in, the page navigates to the requested path.
    if (step === 'choose-password') setChoosing(true);
    else if (step === 'confirm-address') navigate(`/confirm?email=${encodeURIComponent(email)}`);
    else if (step === 'reset-password') navigate(`/forgot-password?email=${encodeURIComponent(email)}`);
  };
  const form = useForm(async (field) => {
    const email = field('email').trim();
    go(await signIn(email, field('password')), email);
  });
  const newPassword = useForm(async (field) => go(await choosePassword(field('password')), ''));

  if (choosing) {
    return (
      <AuthFrame title={m.newPasswordTitle} intro={m.newPasswordText}>
        <Form form={newPassword} action={m.setPassword}>
          <NewPasswordField label={m.newPassword} />
        </Form>
      </AuthFrame>
    );
  }
  const news = NEWS[params.get('news') ?? (current.state === 'signed-out' ? (current.ended ?? '') : '')];
  return (
    <AuthFrame title={m.signInTitle} intro={m.tagline}>
      {news && !form.failure && (news === 'sessionExpired' ? <Alert>{m[news]}</Alert> : <Note>{m[news]}</Note>)}
      <Form form={form} action={m.signIn}>
        <Field
          label={m.email}
          name="email"
          type="email"
          autoComplete="username"
          defaultValue={params.get('email') ?? ''}
          required
        />
        <PasswordField label={m.password} name="password" autoComplete="current-password" required />
      </Form>
      <div className={css['foot']}>
        <Link href="/forgot-password">{m.forgotPassword}</Link>
        <Link href="/sign-up">{m.signUp}</Link>
      </div>
    </AuthFrame>
  );
}

const NEWS: Record<string, 'confirmedSignIn' | 'passwordChanged' | 'accountDeleted' | 'sessionExpired'> = {
  confirmed: 'confirmedSignIn',
  password: 'passwordChanged',
  deleted: 'accountDeleted',
  expired: 'sessionExpired',
};
