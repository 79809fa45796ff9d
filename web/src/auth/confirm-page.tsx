import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useSearchParams } from '../app/use-search';
import { useMessages } from '../i18n/i18n';
import { Note } from '../ui/controls';
import { confirmAddress, resendCode } from './cognito';
import { CodeField, EmailField, Form } from './form';
import { AuthFrame } from './frame';
import css from './frame.module.css';
import { useForm } from './use-form';

/** Where somebody shows that the e-mail address is theirs. */
export default function ConfirmPage() {
  const m = useMessages();
  const [, navigate] = useLocation();
  const params = useSearchParams();
  const given = params.get('email') ?? '';
  const [email, setEmail] = useState(given);
  const [isSent, setSent] = useState(false);
  const form = useForm(async (field) => {
    setSent(false);
    const outcome = await confirmAddress(email.trim(), field('code').replaceAll(/\s/g, ''));
    if (outcome === 'signed-in') navigate('/', { replace: true });
    else navigate(`/sign-in?news=confirmed&email=${encodeURIComponent(email.trim())}`, { replace: true });
  });
  const resend = () =>
    form.run(async () => {
      await resendCode(email.trim());
      setSent(true);
    });
  return (
    <AuthFrame title={m.confirmTitle} intro={given ? m.confirmText(given) : m.confirmTextUnknown}>
      <Form form={form} action={m.confirm}>
        {isSent && !form.failure && <Note>{m.codeSent}</Note>}
        {!given && <EmailField email={email} onChange={setEmail} />}
        <CodeField />
      </Form>
      <div className={css['foot']}>
        <button type="button" className={css['link']} disabled={form.isBusy || email === ''} onClick={resend}>
          {m.resendCode}
        </button>
        <Link href="/sign-in">{m.signIn}</Link>
      </div>
    </AuthFrame>
  );
}
