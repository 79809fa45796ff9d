import { expect, test } from 'vitest';
import type { Due } from './due';
import { readFilters } from './filters';
import { grouped } from './groups';
import { sample } from './sample';

const NOW = new Date('2026-11-21T10:00:00Z');
const WORDS = { overdue: 'Overdue', today: 'Today', dueTomorrow: 'Tomorrow' };
const VIEW = readFilters(new URLSearchParams('view=today'));
const headingsOf = (dues: Due[], zone: string) =>
  grouped(
    dues.map((due) => ({ ...sample(due), isPending: false })),
    VIEW,
    NOW,
    zone,
    'en',
    WORDS,
  ).map(({ heading }) => heading);
const headings = (dueAt: string, allDay: boolean, zone: string) => headingsOf([{ dueAt, allDay }], zone);

test('a whole day stands under its day until it ends, a moment under "Overdue" once it has passed', () => {
  expect(headings('2026-11-21T09:00:00Z', false, 'UTC')).toEqual(['Overdue']);
  expect(headings('2026-11-21T09:00:00Z', true, 'UTC')).toEqual(['Today']);
  expect(headings('2026-11-20T09:00:00Z', true, 'UTC')).toEqual(['Overdue']);
  expect(headings('2026-11-22T09:00:00Z', true, 'UTC')).toEqual(['Tomorrow']);
});

test('what is overdue comes first, although a whole day is sorted before it', () => {
  const whole = { dueAt: '2026-11-21T09:00:00Z', allDay: true };
  const passed = { dueAt: '2026-11-21T09:30:00Z', allDay: false };
  expect(headingsOf([whole, passed], 'UTC')).toEqual(['Overdue', 'Today']);
});

test('the day is that of the user’s zone', () => {
  // 9:00 of 21 November in Tokyo is still the day before in New York, where it is 5:00 of the 21st.
  expect(headings('2026-11-21T00:00:00Z', true, 'Asia/Tokyo')).toEqual(['Today']);
  expect(headings('2026-11-21T00:00:00Z', true, 'America/New_York')).toEqual(['Overdue']);
  expect(headings('2026-11-21T00:00:00Z', true, 'Europe/Berlin')).toEqual(['Today']);
});
