import { Component, type ReactNode } from 'react';
import { useMessages } from '../i18n/i18n';
import { useStore } from '../store';
import { Button, Empty } from '../ui/controls';
import { RetryIcon } from '../ui/icons';
import { say } from '../ui/toasts';
import { codeMissing, isReachable, retryCode } from './page-code';

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

/** Stands in for a page whose code is on its way; says so when it cannot come without a connection. */
export function PageOnItsWay({ children }: { children?: ReactNode }) {
  const m = useMessages();
  if (!useStore(codeMissing)) return children;
  return (
    <Empty glyph={<RetryIcon size={28} />} heading="h1" title={m.pageWaitsTitle}>
      <p>{m.pageWaitsText}</p>
      <Button onClick={retryCode}>{m.tryAgain}</Button>
    </Empty>
  );
}

interface FailsafeProps {
  /** What is shown; another begins anew. */
  place?: string;
  children: ReactNode;
}

interface FailsafeState {
  place: string | undefined;
  hasFailed: boolean;
}

/** Shows that a page has failed instead of leaving the screen empty. React reports the error itself. */
export class Failsafe extends Component<FailsafeProps, FailsafeState> {
  override state: FailsafeState = { place: this.props.place, hasFailed: false };

  static getDerivedStateFromError(): Partial<FailsafeState> {
    return { hasFailed: true };
  }

  static getDerivedStateFromProps({ place }: FailsafeProps, state: FailsafeState): FailsafeState | null {
    return place === state.place ? null : { place, hasFailed: false };
  }

  override render(): ReactNode {
    return this.state.hasFailed ? <PageFailed /> : this.props.children;
  }
}

function PageFailed() {
  const m = useMessages();
  const reload = async () => {
    // Without a connection, nothing would come back.
    if (await isReachable()) location.reload();
    else say(m.errorUnreachable, { tone: 'bad' });
  };
  return (
    <Empty glyph={<RetryIcon size={28} />} heading="h1" title={m.pageFailedTitle}>
      <p>{m.pageFailedText}</p>
      <Button look="primary" onClick={() => void reload()}>
        {m.reload}
      </Button>
    </Empty>
  );
}
