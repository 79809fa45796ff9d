import { describe, expect, test } from 'vitest';
import {
  dayAfter,
  daysToWeekday,
  daysUntil,
  defaultTime,
  formatDue,
  isOverdue,
  isSameDue,
  readTime,
  toMoment,
  wallTime,
  wholeDay,
} from './due';

const WORDS = { yesterday: 'Yesterday', today: 'Today', tomorrow: 'Tomorrow' };
const NOW = new Date('2026-11-21T10:00:00Z'); // a Saturday
const words = (dueAt: string, zone = 'Europe/Dublin', language = 'en') =>
  formatDue({ dueAt, allDay: false }, NOW, zone, language, WORDS);

describe('a due time in words', () => {
  test('names the days around today', () => {
    expect(words('2026-11-20T18:00:00Z')).toBe('Yesterday 18:00');
    expect(words('2026-11-21T18:00:00Z')).toBe('Today 18:00');
    expect(words('2026-11-22T09:05:00Z')).toBe('Tomorrow 9:05');
  });
  test('names weekdays within a week and dates beyond', () => {
    expect(words('2026-11-24T09:00:00Z')).toBe('Tue 9:00');
    expect(words('2026-12-24T09:00:00Z')).toBe('24 Dec');
    expect(words('2028-01-03T09:00:00Z')).toBe('3 Jan 2028');
    expect(words('2026-11-02T09:00:00Z')).toBe('2 Nov');
  });
  test('has the time of a date in the long format', () => {
    const full = (dueAt: string, language = 'en') =>
      formatDue({ dueAt, allDay: false }, NOW, 'UTC', language, WORDS, 'full');
    expect(full('2026-12-24T15:30:00Z')).toBe('24 Dec, 15:30');
    expect(full('2028-01-03T09:00:00Z')).toBe('3 Jan 2028, 9:00');
    expect(full('2026-12-24T15:30:00Z', 'de')).toBe('24. Dez., 15:30');
    expect(full('2026-11-21T18:00:00Z')).toBe('Today 18:00');
  });
  test('has no time for a whole day', () => {
    const day = (dueAt: string, length: 'short' | 'full', language = 'en') =>
      formatDue({ dueAt, allDay: true }, NOW, 'UTC', language, WORDS, length);
    for (const length of ['short', 'full'] as const) {
      expect(day('2026-11-20T09:00:00Z', length)).toBe('Yesterday');
      expect(day('2026-11-21T18:00:00Z', length)).toBe('Today');
      expect(day('2026-11-22T09:00:00Z', length)).toBe('Tomorrow');
      expect(day('2026-11-24T09:00:00Z', length)).toBe('Tue');
      expect(day('2026-12-24T09:00:00Z', length, 'de')).toBe('24. Dez.');
    }
  });
  test('counts days in the time zone, not in UTC', () => {
    expect(words('2026-11-21T23:30:00Z', 'Asia/Tokyo')).toBe('Tomorrow 8:30');
    expect(words('2026-11-22T02:00:00Z', 'America/New_York')).toBe('Today 21:00');
  });
  test('follows the language', () => {
    expect(words('2026-12-24T09:00:00Z', 'Europe/Berlin', 'de')).toBe('24. Dez.');
  });
});

describe('the wall clock of a zone', () => {
  test('converts to an instant and back', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia']) {
      const wall = { year: 2026, month: 7, day: 1, hour: 8, minute: 45 };
      expect(wallTime(toMoment(wall, zone), zone)).toEqual(wall);
    }
  });
  test('in spring reads a skipped time with the offset before the jump', () => {
    const skipped = toMoment({ year: 2026, month: 3, day: 29, hour: 2, minute: 30 }, 'Europe/Berlin');
    expect(skipped.toISOString()).toBe('2026-03-29T01:30:00.000Z');
  });
  test('in autumn takes the first of two equal times', () => {
    const twice = toMoment({ year: 2026, month: 10, day: 25, hour: 2, minute: 30 }, 'Europe/Berlin');
    expect(twice.toISOString()).toBe('2026-10-25T00:30:00.000Z');
  });
  test('keeps the time of day over a clock change', () => {
    const before = new Date('2026-10-24T10:00:00Z');
    expect(dayAfter(before, 1, { hour: 9, minute: 0 }, 'Europe/Berlin').toISOString()).toBe('2026-10-25T08:00:00.000Z');
    expect(daysUntil(new Date('2026-10-25T22:59:00Z'), before, 'Europe/Berlin')).toBe(1);
  });
});

test('the next weekday is never today', () => {
  expect(daysToWeekday(NOW, 6, 'UTC')).toBe(7);
  expect(daysToWeekday(NOW, 0, 'UTC')).toBe(1);
  expect(daysToWeekday(NOW, 5, 'UTC')).toBe(6);
});

test('a date without a time gets the morning, or a later hour of today', () => {
  expect(defaultTime(NOW, 3, 'UTC')).toEqual({ hour: 9, minute: 0 });
  expect(defaultTime(NOW, 0, 'UTC')).toEqual({ hour: 18, minute: 0 });
  expect(defaultTime(NOW, 0, 'Asia/Tokyo')).toEqual({ hour: 23, minute: 59 });
});

describe('a whole day', () => {
  test('has the usual time, and of today a later hour', () => {
    expect(wholeDay(NOW, 1, 'Europe/Berlin')).toEqual({ dueAt: '2026-11-22T08:00:00.000Z', allDay: true });
    expect(wholeDay(NOW, 0, 'Europe/Berlin')).toEqual({ dueAt: '2026-11-21T17:00:00.000Z', allDay: true });
    expect(wholeDay(NOW, -1, 'Europe/Berlin')).toEqual({ dueAt: '2026-11-20T08:00:00.000Z', allDay: true });
  });
  test('is overdue when it has ended in the zone, and a moment once it has passed', () => {
    const at = (allDay: boolean, now: string, zone: string) =>
      isOverdue({ dueAt: '2026-11-21T09:00:00Z', allDay }, new Date(now), zone);
    expect(at(false, '2026-11-21T09:00:01Z', 'UTC')).toBe(true);
    expect(at(true, '2026-11-21T23:59:59Z', 'UTC')).toBe(false);
    expect(at(true, '2026-11-22T00:00:00Z', 'UTC')).toBe(true);
    expect(at(true, '2026-11-21T14:59:59Z', 'Asia/Tokyo')).toBe(false);
    expect(at(true, '2026-11-21T15:00:00Z', 'Asia/Tokyo')).toBe(true);
    expect(at(true, '2026-11-22T04:59:59Z', 'America/New_York')).toBe(false);
    expect(at(true, '2026-11-22T05:00:00Z', 'America/New_York')).toBe(true);
    expect(isOverdue({ dueAt: null, allDay: false }, NOW, 'UTC')).toBe(false);
  });
  test('ends an hour later when the clocks change', () => {
    const due = { dueAt: '2026-10-25T08:00:00Z', allDay: true };
    expect(isOverdue(due, new Date('2026-10-25T22:59:59Z'), 'Europe/Berlin')).toBe(false);
    expect(isOverdue(due, new Date('2026-10-25T23:00:00Z'), 'Europe/Berlin')).toBe(true);
  });
  test('is the same at any moment of it, and another one than a moment', () => {
    const [morning, evening] = ['2026-11-21T09:00:00Z', '2026-11-21T18:00:00.000Z'];
    const same = (one: boolean, other: boolean) =>
      isSameDue({ dueAt: morning, allDay: one }, { dueAt: evening, allDay: other }, 'UTC');
    expect([same(true, true), same(true, false), same(false, false)]).toEqual([true, false, false]);
    expect(isSameDue({ dueAt: null, allDay: false }, { dueAt: morning, allDay: true }, 'UTC')).toBe(false);
  });
});

test('a time of day is read as users write it', () => {
  const read = (text: string) => {
    const time = readTime(text);
    return time && `${time.hour}:${time.minute}`;
  };
  expect(['7:30', '730', '7.30', ' 17 Uhr ', '5pm', '12:05am', '12 pm', '9', '1730'].map(read)).toEqual([
    '7:30',
    '7:30',
    '7:30',
    '17:0',
    '17:0',
    '0:5',
    '12:0',
    '9:0',
    '17:30',
  ]);
  expect(['', '24:00', '7:60', '13pm', 'noon', '7:3'].map(read)).toEqual(Array(6).fill(null));
});
