import { lazy, Suspense, useEffect, useState, type ReactNode, type RefObject } from 'react';
import { whenIdle } from './when-idle';
import css from './dialog.module.css';

const load = () => import('./dialog-popup');
const DialogPopup = lazy(load);

export interface DialogProps {
  title: string;
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
  /** `wide` for pictures; a `sheet` opens from the bottom and lists links and actions. */
  size?: 'usual' | 'wide' | 'sheet';
  /** What has the focus first, when it is not the first that can have it. */
  initialFocus?: RefObject<HTMLElement | null>;
  /** The element to focus afterwards, if the one that had the focus may have been removed. */
  finalFocus?: RefObject<HTMLElement | null>;
  children: ReactNode;
}

/**
 * A dialog: it traps the focus, Escape closes it, and the focus returns to where it was. Its code is loaded when the page is
 * idle, so that it is available, also offline, when the dialog opens.
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
