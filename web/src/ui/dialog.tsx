import { lazy, Suspense, useEffect, useState, type ReactNode, type RefObject } from 'react';
import { whenIdle } from './when-idle';
import css from './dialog.module.css';

const load = () => import('./dialog-popup');
const DialogPopup = lazy(load);

export interface DialogProps {
  title: string;
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
  /** `wide` for pictures; a `sheet` comes from below and lists ways and actions. */
  size?: 'usual' | 'wide' | 'sheet';
  /** What has the focus first, when it is not the first that can have it. */
  initialFocus?: RefObject<HTMLElement | null>;
  /** What has the focus afterwards, when what had it before may be gone. */
  finalFocus?: RefObject<HTMLElement | null>;
  children: ReactNode;
}

/**
 * A dialog: it holds the focus, Escape closes it, and the focus goes back to where it came from. Its code is fetched
 * after the page has come to rest, so that it is there, also offline, when the dialog opens.
 */
export function Dialog(props: DialogProps) {
  const [isNeeded, setNeeded] = useState(props.isOpen);
  if (props.isOpen && !isNeeded) setNeeded(true);
  useEffect(() => whenIdle(load), []);
  if (!isNeeded) return null;
  return (
    <Suspense fallback={null}>
      <DialogPopup {...props} />
    </Suspense>
  );
}

export const actionsClass = css['actions'] ?? '';
