import { Component, type ReactNode } from 'react';
import { useMessages } from '../i18n/i18n';
import { Button, Empty } from '../ui/controls';
import { RetryIcon } from '../ui/icons';

/** The page could not start: offline, or not deployed. */
export function StartFailed() {
  const m = useMessages();
  return (
    <main>
      <Empty glyph={<RetryIcon size={28} />} heading="h1" title={m.startFailedTitle}>
        <p>{m.errorUnreachable}</p>
        <Button look="primary" onClick={() => location.reload()}>
          {m.reload}
        </Button>
      </Empty>
    </main>
  );
}

/** Shows that a page has failed instead of leaving the screen empty. React reports the error itself. */
export class Failsafe extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    return this.state.hasFailed ? <PageFailed /> : this.props.children;
  }
}

function PageFailed() {
  const m = useMessages();
  return (
    <Empty glyph={<RetryIcon size={28} />} heading="h1" title={m.pageFailedTitle}>
      <p>{m.pageFailedText}</p>
      <Button look="primary" onClick={() => location.reload()}>
        {m.reload}
      </Button>
    </Empty>
  );
}
