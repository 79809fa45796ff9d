import { useState } from 'react';
import { useLocation } from 'wouter';
import { useSearchParams } from '../app/use-search';
import { useMessages } from '../i18n/i18n';
import { confirmAddress, resendCode } from './cognito';
import { isolated } from '../ui/toasts';
import { CodeField, CodeForm, EmailField } from './form';
import { AuthFrame } from './frame';
import { useForm } from './use-form';

/** Confirms the email address with a code. */
export default function ConfirmPage() {
  const m = useMessages();
  const [, navigate] = useLocation();
  const params = useSearchParams();
  const given = params.get('email') ?? '';
  const [email, setEmail] = useState(given);
  const form = useForm(async (field) => {
    const outcome = await confirmAddress(email.trim(), field('code').replaceAll(/\s/g, ''));
    if (outcome === 'confirmed')
      navigate(`/sign-in?news=confirmed&email=${encodeURIComponent(email.trim())}`, { replace: true });
  });
  return (
    <AuthFrame title={m.confirmTitle} intro={given ? m.confirmText(isolated(given)) : m.confirmTextUnknown}>
      <CodeForm form={form} action={m.confirm} email={email} sendCode={resendCode}>
        {!given && <EmailField email={email} onChange={setEmail} />}
        <CodeField />
      </CodeForm>
    </AuthFrame>
  );
}
