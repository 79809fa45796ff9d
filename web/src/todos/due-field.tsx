import { Popover } from '@base-ui/react/popover';
import { useId, useState } from 'react';
import { useNow } from '../app/use-now';
import { useMessages } from '../i18n/i18n';
import { useTimeZone } from '../i18n/time';
import { Button, buttonClass, inputClass } from '../ui/controls';
import { CalendarIcon } from '../ui/icons';
import popover from '../ui/popover.module.css';
import css from './due-field.module.css';
import { dayAfter, daysToWeekday, fieldMoment, fieldValue, defaultTime } from './due';
import { useDueLongText } from './todo-facts';

interface Props {
  dueAt: string | null;
  onChange: (dueAt: string | null) => void;
}

/** Chooses when an item is due: the usual days at a touch, any other by date and time. */
export function DueField({ dueAt, onChange }: Props) {
  const m = useMessages();
  const words = useDueLongText(dueAt);
  const [isOpen, setOpen] = useState(false);
  const choose = (next: string | null) => {
    setOpen(false);
    if (next !== dueAt) onChange(next);
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
            <Choices dueAt={dueAt} onChoose={choose} />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Choices({ dueAt, onChoose }: { dueAt: string | null; onChoose: (dueAt: string | null) => void }) {
  const m = useMessages();
  const now = useNow();
  const zone = useTimeZone();
  const id = useId();
  const [value, setValue] = useState(dueAt === null ? '' : fieldValue(dueAt, zone));
  const moment = fieldMoment(value, zone);
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
          <Button
            key={text}
            onClick={() => onChoose(dayAfter(now, days, defaultTime(now, days, zone), zone).toISOString())}
          >
            {text}
          </Button>
        ))}
      </div>
      <form
        className={css['pick']}
        onSubmit={(event) => {
          event.preventDefault();
          if (moment) onChoose(moment.toISOString());
        }}
      >
        <label htmlFor={id}>{m.duePick}</label>
        <input
          id={id}
          className={inputClass}
          type="datetime-local"
          value={value}
          min="1970-01-01T00:00"
          max="9999-12-31T23:59"
          onChange={(event) => setValue(event.target.value)}
        />
        <Button type="submit" look="primary" disabled={moment === null}>
          {m.save}
        </Button>
      </form>
      {dueAt !== null && (
        <Button look="quiet" onClick={() => onChoose(null)}>
          {m.dueClear}
        </Button>
      )}
    </div>
  );
}
