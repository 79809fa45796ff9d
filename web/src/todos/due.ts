// Formats due times, and converts them to and from the user's time zone.
import { dateTimeFormat } from '../i18n/time';
import type { Todo } from './known';

export interface WallTime {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
}

/** What a clock in the zone shows at a moment. */
export function wallTime(moment: Date, zone: string): WallTime {
  const format = dateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
  return { year: part('year'), month: part('month'), day: part('day'), hour: part('hour'), minute: part('minute') };
}

/**
 * The moment at which a clock in the zone shows this. A time that the clock skips in spring is read with the offset
 * before the jump; of one that it shows twice in autumn, the first one is used.
 */
export function toMoment(wall: WallTime, zone: string): Date {
  const asUtc = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute);
  const offsetAt = (time: number) => asMinutes(wallTime(new Date(time), zone)) - asMinutes(utc(time));
  const before = offsetAt(asUtc - 86_400_000);
  const after = offsetAt(asUtc + 86_400_000);
  const fits = [before, after].find((offset) => offsetAt(asUtc - offset * 60_000) === offset);
  return new Date(asUtc - (fits ?? before) * 60_000);
}

/** Days from the day of `now` to the day of `moment`, as the zone's calendar counts: 0 today, 1 tomorrow. */
export function daysUntil(moment: Date, now: Date, zone: string): number {
  return dayNumber(wallTime(moment, zone)) - dayNumber(wallTime(now, zone));
}

/** A day that is `days` after that of `now`, at the given time of the zone's clock. */
export function dayAfter(now: Date, days: number, time: { hour: number; minute: number }, zone: string): Date {
  const { year, month, day } = wallTime(now, zone);
  const date = new Date(Date.UTC(year, month - 1, day + days));
  return toMoment(
    { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), ...time },
    zone,
  );
}

/** The time of day for a date without one: 9 o'clock, or a later hour for today. */
export function defaultTime(now: Date, days: number, zone: string): { hour: number; minute: number } {
  if (days !== 0) return { hour: 9, minute: 0 };
  const { hour } = wallTime(now, zone);
  return hour < 17 ? { hour: 18, minute: 0 } : { hour: 23, minute: 59 };
}

/** Days from today to the next such weekday, 1 to 7; Sunday is 0. */
export function daysToWeekday(now: Date, weekday: number, zone: string): number {
  const { year, month, day } = wallTime(now, zone);
  const today = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  return (weekday - today + 7) % 7 || 7;
}

/** When an item is due: a moment, or the whole day that has it in the user's zone. */
export type Due = Pick<Todo, 'dueAt' | 'allDay'>;

/** An item that is due on no day. */
export const NO_DUE: Due = { dueAt: null, allDay: false };

/**
 * The whole day that is `days` after that of `now`. Its moment is the usual time of day in the user's zone, for the order
 * and the reminder. A user who then chooses another zone, in which this moment is on another day, sees that day.
 */
export function wholeDay(now: Date, days: number, zone: string): Due {
  return { dueAt: dayAfter(now, days, defaultTime(now, days, zone), zone).toISOString(), allDay: true };
}

/** Whether the moment has passed, or the whole day in the zone. */
export function isOverdue({ dueAt, allDay }: Due, now: Date, zone: string): boolean {
  if (dueAt === null) return false;
  const moment = new Date(dueAt);
  return allDay ? daysUntil(moment, now, zone) < 0 : moment < now;
}

/** Whether both mean the same day, or the same moment. */
export function isSameDue(one: Due, other: Due, zone: string): boolean {
  if (one.dueAt === null || other.dueAt === null) return one.dueAt === other.dueAt;
  if (one.allDay !== other.allDay) return false;
  const [before, after] = [new Date(one.dueAt), new Date(other.dueAt)];
  return one.allDay ? daysUntil(after, before, zone) === 0 : before.getTime() === after.getTime();
}

export interface DueText {
  yesterday: string;
  today: string;
  tomorrow: string;
}

/**
 * A due time in short form: `Today 18:00`, `Tomorrow 9:00`, `Fri 9:00`, `24 Dec`, `3 Jan 2028`; in full, a date has its
 * time too: `24 Dec, 9:00`. A whole day has no time: `Tomorrow`, `Fri`, `24 Dec`.
 */
export function formatDue(
  { dueAt, allDay }: Due,
  now: Date,
  zone: string,
  language: string,
  words: DueText,
  length: 'short' | 'full' = 'short',
): string {
  if (dueAt === null) return '';
  const moment = new Date(dueAt);
  const days = daysUntil(moment, now, zone);
  const format = (options: Intl.DateTimeFormatOptions) =>
    dateTimeFormat(language, { timeZone: zone, ...options }).format(moment);
  const time = allDay ? '' : ` ${format({ hour: 'numeric', minute: '2-digit' })}`;
  if (days === -1) return words.yesterday + time;
  if (days === 0) return words.today + time;
  if (days === 1) return words.tomorrow + time;
  if (days > 1 && days < 7) return format({ weekday: 'short' }) + time;
  const thisYear = wallTime(moment, zone).year === wallTime(now, zone).year;
  const clock = length === 'full' && !allDay && ({ hour: 'numeric', minute: '2-digit' } as const);
  return format({ day: 'numeric', month: 'short', ...(!thisYear && { year: 'numeric' }), ...clock });
}

/** A time of day as a user writes it: `7:30`, `7.30`, `730`, `17 Uhr`, `5pm`; `null` for anything else. */
export function readTime(text: string): { hour: number; minute: number } | null {
  const match = /^(\d{1,2}?)(?:[:.h]?(\d\d))?\s*(am|pm|uhr|h)?$/i.exec(text.trim());
  if (!match) return null;
  const [, digits = '', minutes = '0', unit = ''] = match;
  const half = /^[ap]m$/i.test(unit);
  const hour = half ? (Number(digits) % 12) + (/p/i.test(unit) ? 12 : 0) : Number(digits);
  const isValid = hour < 24 && Number(minutes) < 60 && (!half || (Number(digits) >= 1 && Number(digits) <= 12));
  return isValid ? { hour, minute: Number(minutes) } : null;
}

function dayNumber({ year, month, day }: WallTime): number {
  return Date.UTC(year, month - 1, day) / 86_400_000;
}

function asMinutes({ year, month, day, hour, minute }: WallTime): number {
  return Date.UTC(year, month - 1, day, hour, minute) / 60_000;
}

function utc(time: number): WallTime {
  const date = new Date(time);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
  };
}
