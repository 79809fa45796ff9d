import { useLayoutEffect, useRef, type RefObject } from 'react';
import { useMessages } from '../i18n/i18n';
import { useStore } from '../store';
import { IconButton } from './controls';
import { CloseIcon } from './icons';
import { dismissToast, holdToast, releaseToast, toasts, type Toast } from './toasts';
import css from './toaster.module.css';

/** Shows the current messages; a screen reader announces each of them. */
export function Toaster() {
  const shown = useStore(toasts);
  const cameFrom = useRef<Element | null>(null);
  return (
    <div
      className={css['toaster']}
      role="status"
      aria-live="polite"
      onFocus={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget)) cameFrom.current = relatedTarget;
      }}
    >
      {shown.map((toast) => (
        <Message key={toast.id} toast={toast} onFocusLost={() => moveFocus(cameFrom.current)} />
      ))}
    </div>
  );
}

/** A message that stays open while the pointer is over it or the focus is within it. */
function Message({ toast, onFocusLost }: { toast: Toast; onFocusLost: () => void }) {
  const m = useMessages();
  const { id, text, tone, action } = toast;
  const box = useRef<HTMLDivElement>(null);
  useFocusAfter(box, onFocusLost);
  return (
    <div
      ref={box}
      className={css['toast']}
      data-tone={tone}
      onPointerEnter={() => holdToast(id, 'pointer')}
      onPointerLeave={() => releaseToast(id, 'pointer')}
      onFocus={() => holdToast(id, 'focus')}
      onBlur={() => releaseToast(id, 'focus')}
    >
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
  );
}

/** Runs a function when the focused element is removed. */
function useFocusAfter(box: RefObject<HTMLElement | null>, onFocusLost: () => void): void {
  const latest = useRef(onFocusLost);
  useLayoutEffect(() => {
    latest.current = onFocusLost;
  });
  useLayoutEffect(() => {
    const element = box.current;
    return () => {
      if (element?.contains(document.activeElement)) latest.current();
    };
  }, [box]);
}

/** Gives the focus back to where it was, or to the page's content. */
function moveFocus(before: Element | null): void {
  const target = before?.isConnected ? before : document.getElementById('content');
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
}
