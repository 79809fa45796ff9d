import { Link, useLocation } from 'wouter';
import { useLanguage, useMessages } from '../i18n/i18n';
import { Alert, Button, Field, PasswordField } from '../ui/controls';
import { signUp } from './cognito';
import { AuthFrame } from './frame';
import css from './frame.module.css';
import { useForm } from './use-form';

/** Where somebody makes an account. */
export default function SignUpPage() {
  const m = useMessages();
  const language = useLanguage();
  const [, navigate] = useLocation();
  const form = useForm(async (field) => {
    const email = field('email').trim();
    await signUp(email, field('password'), field('name').trim(), language);
    navigate(`/confirm?email=${encodeURIComponent(email)}`);
  });
  return (
    <AuthFrame title={m.signUpTitle} intro={m.tagline}>
      <form onSubmit={form.submit}>
        {form.failure && <Alert>{form.failure}</Alert>}
        <Field label={m.nameOptional} name="name" autoComplete="name" maxLength={100} />
        <Field label={m.email} name="email" type="email" autoComplete="username" required />
        <PasswordField
          label={m.password}
          name="password"
          autoComplete="new-password"
          minLength={12}
          hint={m.passwordRule}
          required
        />
        <Button type="submit" look="primary" disabled={form.isBusy}>
          {m.signUp}
        </Button>
      </form>
      <div className={css['foot']}>
        <Link href="/sign-in">{m.haveAccount}</Link>
      </div>
    </AuthFrame>
  );
}
