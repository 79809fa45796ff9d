import { Dialog as Base } from '@base-ui/react/dialog';
import { useMessages } from '../i18n/i18n';
import css from './dialog.module.css';
import { iconButtonClass } from './controls';
import type { DialogProps } from './dialog';
import { CloseIcon } from './icons';

/** The dialog itself. */
export default function DialogPopup({ title, isOpen, onOpenChange, size = 'usual', children, ...focus }: DialogProps) {
  const m = useMessages();
  return (
    <Base.Root open={isOpen} onOpenChange={(next) => onOpenChange(next)}>
      <Base.Portal>
        <Base.Backdrop className={css['scrim']} />
        <Base.Popup className={css['dialog']} data-size={size} {...focus}>
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
