import { Component, type ReactNode } from 'react';
import { useMessages } from '../i18n/i18n';
import { useStore } from '../store';
import { Button, Empty } from '../ui/controls';
import { RetryIcon } from '../ui/icons';
import { showToast } from '../ui/toasts';
import { isCodeUnavailable, isReachable, retryCode } from './lazy-page';

/** The page could not start: offline, or `/config.json` is missing. */
export function StartError() {
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

/** Shown while the code of a page loads; tells the user when that needs a connection. */
export function PageLoading({ children }: { children?: ReactNode }) {
  const m = useMessages();
  if (!useStore(isCodeUnavailable)) return children;
  return (
    <Empty glyph={<RetryIcon size={28} />} heading="h1" title={m.pageWaitsTitle}>
      <p>{m.pageWaitsText}</p>
      <Button onClick={retryCode}>{m.tryAgain}</Button>
    </Empty>
  );
}

interface ErrorBoundaryProps {
  /** The current page; another value resets the error. */
  place?: string;
  children: ReactNode;
}

interface ErrorBoundaryState {
  place: string | undefined;
  hasFailed: boolean;
}

/** Shows an error page instead of an empty screen. React logs the error. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { place: this.props.place, hasFailed: false };

  static getDerivedStateFromError(): Partial<ErrorBoundaryState> {
    return { hasFailed: true };
  }

  static getDerivedStateFromProps({ place }: ErrorBoundaryProps, state: ErrorBoundaryState): ErrorBoundaryState | null {
    return place === state.place ? null : { place, hasFailed: false };
  }

  override render(): ReactNode {
    return this.state.hasFailed ? <PageError /> : this.props.children;
  }
}

function PageError() {
  const m = useMessages();
  const reload = async () => {
    // Without a connection, a reload would leave an empty page.
    if (await isReachable()) location.reload();
    else showToast(m.errorUnreachable, { tone: 'bad' });
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
