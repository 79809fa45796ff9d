import { useEffect, type ReactNode } from 'react';
import { Link } from 'wouter';
import { useMessages } from '../i18n/i18n';
import { Mark } from '../ui/brand';
import css from './frame.module.css';

/** The layout of the pages before sign-in. */
export function AuthFrame({ title, intro, children }: { title: string; intro?: string; children: ReactNode }) {
  const m = useMessages();
  useEffect(() => {
    document.title = `${title} · ${m.appName}`;
  }, [title, m]);
  return (
    <main className={css['frame']}>
      <Link href="/" className={css['brand'] ?? ''}>
        <Mark />
        {m.appName}
      </Link>
      <div className={css['card']}>
        <div>
          <h1>{title}</h1>
          {intro && <p className={css['soft']}>{intro}</p>}
        </div>
        {children}
      </div>
    </main>
  );
}
