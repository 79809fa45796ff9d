import { useId, type ReactNode } from 'react';
import { useMessages } from '../i18n/i18n';
import { inWords } from '../app/failure';
import { Bones, Button } from '../ui/controls';
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
  /** What stands there meanwhile, best of the same size, so that nothing jumps. */
  outline?: ReactNode;
  children: (data: T) => ReactNode;
}

/** What a query has loaded; until then its outline, or that it does not load. */
export function Loaded<T>({ query, outline = <Bones />, children }: LoadedProps<T>) {
  const m = useMessages();
  if (query.data !== undefined) return children(query.data);
  if (!query.error) return outline;
  return (
    <div className={css['failed']}>
      <p>
        {m.settingsFailed} {inWords(query.error)}
      </p>
      <Button onClick={() => query.refetch()}>{m.tryAgain}</Button>
    </div>
  );
}
