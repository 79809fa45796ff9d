import { Dialog as Base } from '@base-ui/react/dialog';
import type { ReactNode } from 'react';
import { useMessages } from '../i18n/i18n';
import css from './dialog.module.css';
import { iconButtonClass } from './controls';
import { CloseIcon } from './icons';

interface Props {
  title: string;
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
  /** `wide` for pictures. */
  size?: 'usual' | 'wide';
  children: ReactNode;
}

/** A dialog: it holds the focus, Escape closes it, and the focus goes back to where it came from. */
export function Dialog({ title, isOpen, onOpenChange, size = 'usual', children }: Props) {
  const m = useMessages();
  return (
    <Base.Root open={isOpen} onOpenChange={(next) => onOpenChange(next)}>
      <Base.Portal>
        <Base.Backdrop className={css['scrim']} />
        <Base.Popup className={css['dialog']} data-size={size}>
          <header className={css['head']}>
            <Base.Title className={css['title']}>{title}</Base.Title>
            <Base.Close className={iconButtonClass} aria-label={m.close} title={m.close}>
              <CloseIcon />
            </Base.Close>
          </header>
          <div className={css['body']}>{children}</div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

export const actionsClass = css['actions'] ?? '';
