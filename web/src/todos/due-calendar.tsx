// A date in a calendar and a time of day. Loaded when the popover of a due date opens.
import { useId, useRef, useState, type SyntheticEvent } from 'react';
import { DayPicker, type ChevronProps } from 'react-day-picker';
import { de } from 'react-day-picker/locale/de';
import { enGB } from 'react-day-picker/locale/en-GB';
import { useNow } from '../app/use-now';
import { useLanguage, useMessages } from '../i18n/i18n';
import { useTimeZone } from '../i18n/time';
import { Button, fieldClass, IconButton, inputClass, labelClass } from '../ui/controls';
import { CloseIcon, NextIcon, PreviousIcon } from '../ui/icons';
import { daysUntil, readTime, toMoment, wallTime, wholeDay, type Due, type WallTime } from './due';
import css from './due-calendar.module.css';

interface Props {
  due: Due;
  onChoose: (due: Due) => void;
}

/** A day without a time is meant as a whole. */
export default function DueCalendar({ due: { dueAt, allDay }, onChoose }: Props) {
  const m = useMessages();
  const language = useLanguage();
  const zone = useTimeZone();
  const now = useNow();
  const id = useId();
  const timeField = useRef<HTMLInputElement>(null);
  const [due] = useState(() => (dueAt === null ? null : wallTime(new Date(dueAt), zone)));
  const [day, setDay] = useState<Date | undefined>(due ? dateOf(due) : undefined);
  const [time, setTime] = useState(due && !allDay ? clock(due) : '');
  const hasTime = time.trim() !== '';
  const written = readTime(time);
  const choose = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!day) return;
    if (!hasTime) onChoose(wholeDay(now, daysTo(day, now, zone), zone));
    else if (written) onChoose({ dueAt: toMoment({ ...wallOf(day), ...written }, zone).toISOString(), allDay: false });
  };
  const removeTime = () => {
    setTime('');
    timeField.current?.focus();
  };
  return (
    <form className={css['pick']} onSubmit={choose}>
      <DayPicker
        mode="single"
        selected={day}
        onSelect={setDay}
        required={false}
        today={dateOf(wallTime(now, zone))}
        {...(day && { defaultMonth: day })}
        startMonth={new Date(1970, 0)}
        endMonth={new Date(9999, 11)}
        locale={language === 'de' ? de : enGB}
        weekStartsOn={1}
        classNames={CLASSES}
        components={{ Chevron }}
      />
      <div className={css['time']}>
        <div className={fieldClass}>
          <label className={labelClass} htmlFor={id}>
            {m.dueTime}
          </label>
          <div className={css['clock']}>
            <input
              ref={timeField}
              id={id}
              className={inputClass}
              value={time}
              onChange={(event) => setTime(event.target.value)}
              placeholder={m.dueAllDay}
              aria-invalid={hasTime && !written}
              autoComplete="off"
            />
            {hasTime && (
              <IconButton label={m.dueRemoveTime} onClick={removeTime}>
                <CloseIcon size={18} />
              </IconButton>
            )}
          </div>
        </div>
        <Button type="submit" look="primary" disabled={!day || (hasTime && !written)}>
          {m.save}
        </Button>
      </div>
    </form>
  );
}

function Chevron({ orientation }: ChevronProps) {
  return orientation === 'left' ? <PreviousIcon size={18} /> : <NextIcon size={18} />;
}

const clock = ({ hour, minute }: Pick<WallTime, 'hour' | 'minute'>): string =>
  `${hour}:${String(minute).padStart(2, '0')}`;

/** A day of the zone's calendar, as the calendar's component counts: at midnight of this device. */
const dateOf = ({ year, month, day }: WallTime): Date => new Date(year, month - 1, day);

const wallOf = (date: Date) => ({ year: date.getFullYear(), month: date.getMonth() + 1, day: date.getDate() });

/** Days from today to a day of the calendar. */
function daysTo(day: Date, now: Date, zone: string): number {
  return daysUntil(toMoment({ ...wallOf(day), hour: 12, minute: 0 }, zone), now, zone);
}

const CLASSES = {
  root: css['calendar'] ?? '',
  months: css['months'] ?? '',
  month_caption: css['caption'] ?? '',
  nav: css['nav'] ?? '',
  button_previous: css['step'] ?? '',
  button_next: css['step'] ?? '',
  month_grid: css['grid'] ?? '',
  weekday: css['weekday'] ?? '',
  day: css['day'] ?? '',
  today: css['today'] ?? '',
  selected: css['selected'] ?? '',
};
