import { useMessages } from '../i18n/i18n';
import { useStore } from '../store';
import { IconButton } from './controls';
import { CloseIcon } from './icons';
import { dismissToast, toasts } from './toasts';
import css from './toaster.module.css';

/** Shows the messages of the moment; a screen reader reads each as it comes. */
export function Toaster() {
  const m = useMessages();
  const shown = useStore(toasts);
  return (
    <div className={css['toaster']} role="status" aria-live="polite">
      {shown.map(({ id, text, tone, action }) => (
        <div key={id} className={css['toast']} data-tone={tone}>
          <span>{text}</span>
          {action && (
            <button type="button" className={css['action']} onClick={action.run}>
              {action.label}
            </button>
          )}
          <IconButton label={m.close} className={css['close'] ?? ''} onClick={() => dismissToast(id)}>
            <CloseIcon size={16} />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
