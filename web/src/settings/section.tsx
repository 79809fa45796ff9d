import { useId, type ReactNode } from 'react';
import { NotDeployed } from '../api/problem';
import { useMessages } from '../i18n/i18n';
import { errorMessage } from '../app/error-message';
import { Skeleton, Button } from '../ui/controls';
import css from './settings-page.module.css';

/** A part of the settings under its heading. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section className={css['section']} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <div className={css['card']}>{children}</div>
    </section>
  );
}

interface Query<T> {
  data: T | undefined;
  error: Error | null;
  refetch: () => unknown;
}

interface LoadedProps<T> {
  query: Query<T>;
  /** The sentence for a deployment without the service that would answer. */
  notDeployed?: string;
  /** Shown while loading; best of the same size, so that the layout does not move. */
  placeholder?: ReactNode;
  children: (data: T) => ReactNode;
}

/** Renders the data of a query, its placeholder while it loads, or its error. */
export function Loaded<T>({ query, notDeployed, placeholder = <Skeleton />, children }: LoadedProps<T>) {
  const m = useMessages();
  if (query.data !== undefined) return children(query.data);
  if (!query.error) return placeholder;
  if (query.error instanceof NotDeployed) {
    return <p className={css['soft']}>{notDeployed ?? errorMessage(query.error)}</p>;
  }
  return (
    <div className={css['failed']}>
      <p>
        {m.settingsFailed} {errorMessage(query.error)}
      </p>
      <Button onClick={() => query.refetch()}>{m.tryAgain}</Button>
    </div>
  );
}
