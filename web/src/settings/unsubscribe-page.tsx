import { useState } from 'react';
import { Link } from 'wouter';
import { useSearchParams } from '../app/use-search';
import { ApiError, isNotDeployed, NotDeployed, Unreachable } from '../api/problem';
import { AuthFrame } from '../auth/frame';
import { useForm } from '../auth/use-form';
import { useMessages } from '../i18n/i18n';
import { Alert, Button, buttonClass } from '../ui/controls';

/** The target of the link at the end of an email. It asks for confirmation, because email scanners open links too. */
export default function UnsubscribePage() {
  const m = useMessages();
  const params = useSearchParams();
  const token = params.get('token') ?? '';
  const [outcome, setOutcome] = useState<'none' | 'done' | 'bad'>(token === '' ? 'bad' : 'none');
  const form = useForm(async () => setOutcome(await unsubscribe(token)));

  if (outcome === 'done') {
    return (
      <AuthFrame title={m.unsubscribedTitle} intro={m.unsubscribedText}>
        <Link href="/" className={buttonClass('plain')}>
          {m.appName}
        </Link>
      </AuthFrame>
    );
  }
  return (
    <AuthFrame title={m.unsubscribeTitle} intro={m.unsubscribeText}>
      {form.failure && <Alert>{form.failure}</Alert>}
      {outcome === 'bad' ? (
        <>
          <Alert>{m.unsubscribeBad}</Alert>
          <Link href="/settings" className={buttonClass('plain')}>
            {m.settings}
          </Link>
        </>
      ) : (
        <form onSubmit={form.submit}>
          <Button type="submit" look="primary" disabled={form.isBusy}>
            {m.unsubscribe}
          </Button>
        </form>
      )}
    </AuthFrame>
  );
}

/** Sends the one-click request of RFC 8058. The token identifies user and kind of email, so no sign-in is needed. */
async function unsubscribe(token: string): Promise<'done' | 'bad'> {
  const response = await fetch(`/api/unsubscribe?token=${encodeURIComponent(token)}`, {
    method: 'POST',
    body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
  }).catch((cause: unknown) => {
    throw new Unreachable('notifications did not answer', { cause });
  });
  if (response.ok) return 'done';
  if (await isNotDeployed(response)) throw new NotDeployed('notifications is not deployed');
  if (response.status >= 500 || response.status === 429) throw new ApiError(response.status, undefined);
  return 'bad';
}
