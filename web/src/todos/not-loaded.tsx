// What a page shows in the place of items that do not load.
import type { UseQueryResult } from '@tanstack/react-query';
import { useMessages } from '../i18n/i18n';
import { Button, Empty } from '../ui/controls';
import { RetryIcon } from '../ui/icons';

/** Whether a query has failed, or waits for a network. */
export const doesNotLoad = ({ isError, isPending, fetchStatus }: UseQueryResult): boolean =>
  isError || (isPending && fetchStatus === 'paused');

export function NotLoaded({ heading, retry }: { heading?: 'h1'; retry: () => void }) {
  const m = useMessages();
  return (
    <Empty glyph={<RetryIcon size={28} />} title={m.listFailedTitle} {...(heading && { heading })}>
      <p>{m.errorUnreachable}</p>
      <Button onClick={retry}>{m.tryAgain}</Button>
    </Empty>
  );
}
