import { Popover } from '@base-ui/react/popover';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useNow } from '../app/use-now';
import { useMessages } from '../i18n/i18n';
import { useTimeZone } from '../i18n/time';
import { Button, buttonClass, Skeleton } from '../ui/controls';
import { CalendarIcon } from '../ui/icons';
import popover from '../ui/popover.module.css';
import { whenIdle } from '../ui/when-idle';
import css from './due-field.module.css';
import { daysToWeekday, isSameDue, NO_DUE, wholeDay, type Due } from './due';
import { useDueLongText } from './todo-facts';

const loadCalendar = () => import('./due-calendar');
const DueCalendar = lazy(loadCalendar);

interface Props {
  due: Due;
  onChange: (due: Due) => void;
}

/** Chooses when an item is due: the usual days at a touch, any other by a calendar; with a time, or without. */
export function DueField({ due, onChange }: Props) {
  const m = useMessages();
  const zone = useTimeZone();
  const words = useDueLongText(due);
  const [isOpen, setOpen] = useState(false);
  // Also available offline when the popover opens.
  useEffect(() => whenIdle(loadCalendar), []);
  const choose = (next: Due) => {
    setOpen(false);
    if (!isSameDue(due, next, zone)) onChange(next);
  };
  return (
    <Popover.Root open={isOpen} onOpenChange={(next) => setOpen(next)}>
      <Popover.Trigger className={buttonClass('plain')} aria-label={words ? `${m.due}: ${words}` : m.setDue}>
        <CalendarIcon size={18} />
        {words || m.setDue}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner className={popover['positioner']} sideOffset={6} align="start">
          <Popover.Popup className={popover['popup']}>
            <Popover.Title className="visually-hidden">{m.due}</Popover.Title>
            <Choices due={due} onChoose={choose} />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Choices({ due, onChoose }: { due: Due; onChoose: (due: Due) => void }) {
  const m = useMessages();
  const now = useNow();
  const zone = useTimeZone();
  const quick: [string, number][] = [
    [m.today, 0],
    [m.dueTomorrow, 1],
    [m.dueWeekend, daysToWeekday(now, 6, zone)],
    [m.dueNextWeek, daysToWeekday(now, 1, zone)],
  ];
  return (
    <div className={css['choices']}>
      <div className={css['quick']}>
        {quick.map(([text, days]) => (
          <Button key={text} onClick={() => onChoose(wholeDay(now, days, zone))}>
            {text}
          </Button>
        ))}
      </div>
      <Suspense fallback={<Skeleton />}>
        <DueCalendar due={due} onChoose={onChoose} />
      </Suspense>
      {due.dueAt !== null && (
        <Button look="quiet" onClick={() => onChoose(NO_DUE)}>
          {m.dueClear}
        </Button>
      )}
    </div>
  );
}
