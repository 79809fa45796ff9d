import { Link, useLocation } from 'wouter';
import { useLanguage, useMessages } from '../i18n/i18n';
import { Field } from '../ui/controls';
import { signUp } from './cognito';
import { Form, NewPasswordField } from './form';
import { AuthFrame } from './frame';
import css from './frame.module.css';
import { useForm } from './use-form';

/** Creates an account. */
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
      <Form form={form} action={m.signUp}>
        <Field label={m.nameOptional} name="name" autoComplete="name" maxLength={100} />
        <Field label={m.email} name="email" type="email" autoComplete="username" required />
        <NewPasswordField label={m.password} />
      </Form>
      <div className={css['foot']}>
        <Link href="/sign-in">{m.haveAccount}</Link>
      </div>
    </AuthFrame>
  );
}
