import { describe, expect, test } from 'vitest';
import { findDate } from './dates';
import { formatDue } from './due';
import { readLine } from './quick-add';

const NOW = new Date('2026-11-21T10:00:00Z'); // a Saturday
const read = (line: string, plain: string[] = [], zone = 'UTC', now = NOW) =>
  readLine(line, plain, (text) => findDate(text, now, zone));
const none = { dueAt: null, allDay: false, priority: 'normal', tags: [] };

/** A line, its title, and when it is due: a whole day, or a time of it. */
const ENGLISH: [line: string, title: string, due: string | null][] = [
  ['Call the bank at 5pm tomorrow', 'Call the bank', '2026-11-22 17:00'],
  ['Call the bank tomorrow', 'Call the bank', '2026-11-22'],
  ['Call the bank tomorrow 17:00', 'Call the bank', '2026-11-22 17:00'],
  ['Call the bank tomorrow at 5', 'Call the bank', '2026-11-22 17:00'],
  ['Call the bank today', 'Call the bank', '2026-11-21'],
  ['Tomorrow buy milk', 'buy milk', '2026-11-22'],
  ['Buy milk fri', 'Buy milk', '2026-11-27'],
  ['Buy milk Friday', 'Buy milk', '2026-11-27'],
  ['Call Ben Friday', 'Call Ben', '2026-11-27'],
  ['Call Ben on Friday about the car', 'Call Ben about the car', '2026-11-27'],
  ['Pay rent by Monday', 'Pay rent', '2026-11-23'],
  ['Wash the car Saturday', 'Wash the car', '2026-11-28'],
  ['Buy milk in 3 days', 'Buy milk', '2026-11-24'],
  ['Check the oven in 2 hours', 'Check the oven', '2026-11-21 12:00'],
  ['Renew the passport in two weeks', 'Renew the passport', '2026-12-05'],
  ['Pay rent 1 Dec', 'Pay rent', '2026-12-01'],
  ['Pay rent Dec 1', 'Pay rent', '2026-12-01'],
  ['Pay rent on 1st December at 8am', 'Pay rent', '2026-12-01 08:00'],
  ['Order a cake 3 January 2027', 'Order a cake', '2027-01-03'],
  ['File taxes 2027-05-31', 'File taxes', '2027-05-31'],
  ['Standup at 9:30', 'Standup', '2026-11-22 09:30'],
  ['Meet Ann at 5', 'Meet Ann', '2026-11-21 17:00'],
  ['Move Friday meeting to the office by Monday', 'Move Friday meeting to the office', '2026-11-23'],
  ['Tomorrow call the bank at 5pm', 'call the bank', '2026-11-22 17:00'],
  ['1 Dec dentist 9am', 'dentist', '2026-12-01 09:00'],
  ['3pm meeting tomorrow', 'meeting', '2026-11-22 15:00'],
  ['Meet Ann at 5pm about the trip on Friday', 'Meet Ann about the trip', '2026-11-27 17:00'],
  ['Friday: call Ann at 5pm', 'call Ann', '2026-11-27 17:00'],
  ['Tomorrow: dentist', 'dentist', '2026-11-22'],
  ["Prepare tomorrow's slides at 5pm", "Prepare tomorrow's slides", '2026-11-21 17:00'],
  ['Dinner tonight', 'Dinner', '2026-11-21 18:00'],
  ['Run tomorrow morning', 'Run', '2026-11-22 09:00'],
  ['Water plants the day after tomorrow', 'Water plants', '2026-11-23'],
  ['Send the report, Monday 14:00', 'Send the report', '2026-11-23 14:00'],
  ['Meeting on December 15 at 10am', 'Meeting', '2026-12-15 10:00'],
  ['Gift Dec 25 at 6pm', 'Gift', '2026-12-25 18:00'],
  ['Party Dec 31 8pm', 'Party', '2026-12-31 20:00'],
  ['Gift Dec 24', 'Gift', '2026-12-24'],
  ['Send cards by Dec 20', 'Send cards', '2026-12-20'],
  ['Dentist Jan 15', 'Dentist', '2027-01-15'],
  ['Taxes due May 31', 'Taxes', '2027-05-31'],
  ['Book flights Dec 24th, 2027', 'Book flights', '2027-12-24'],
  ['See Freaky Friday tomorrow', 'See Freaky Friday', '2026-11-22'],
  ['See Freaky Friday tomorrow at 8pm', 'See Freaky Friday', '2026-11-22 20:00'],
  ['Watch Saturday Night Fever on Sunday', 'Watch Saturday Night Fever', '2026-11-22'],
  ['Call Mum Tomorrow Morning', 'Call Mum', '2026-11-22 09:00'],
  ['Meet tomorrow 5-6pm', 'Meet', '2026-11-22 17:00'],
  ['Meet tomorrow from 5 to 6pm', 'Meet', '2026-11-22 17:00'],
  ['Meet Ann 14:00-15:30 tomorrow', 'Meet Ann', '2026-11-22 14:00'],
  // What is no date
  ['See Freaky Friday', 'See Freaky Friday', null],
  ['Plan Monday meeting', 'Plan Monday meeting', null],
  ['Monday dentist at 9am', 'Monday dentist at 9am', null],
  ['Plan weekend trip', 'Plan weekend trip', null],
  ['Ask what is going on so far', 'Ask what is going on so far', null],
  ['Get a second opinion', 'Get a second opinion', null],
  ['Take a day off', 'Take a day off', null],
  ['Book two hours for Ann', 'Book two hours for Ann', null],
  ['Black Friday deals', 'Black Friday deals', null],
  ['Watch “Friday Night Lights”', 'Watch “Friday Night Lights”', null],
  ['Watch The Day After Tomorrow', 'Watch The Day After Tomorrow', null],
  ["Prepare tomorrow's slides", "Prepare tomorrow's slides", null],
  ['Answer the mail from yesterday', 'Answer the mail from yesterday', null],
  ['Enjoy the sun', 'Enjoy the sun', null],
  ['Things to do', 'Things to do', null],
  ['Leave it so', 'Leave it so', null],
  ['Water plants every Friday', 'Water plants every Friday', null],
  ['Buy a gift before Friday', 'Buy a gift before Friday', null],
  ['Walk for 3 hours', 'Walk for 3 hours', null],
  ['Buy food for 2 days', 'Buy food for 2 days', null],
  ['Buy 3 days of food', 'Buy 3 days of food', null],
  ['Buy 5 apples', 'Buy 5 apples', null],
  ['Update to version 1.2.3', 'Update to version 1.2.3', null],
  ['Pay 12.50 €', 'Pay 12.50 €', null],
  ['Read John 3:16', 'Read John 3:16', null],
  ['Call 030 1234567', 'Call 030 1234567', null],
  ['Buy 1/2 onion', 'Buy 1/2 onion', null],
  ['May the force be with you', 'May the force be with you', null],
  ['Read 1984', 'Read 1984', null],
  ['Morning run', 'Morning run', null],
  ['High noon', 'High noon', null],
  ['Look at 5 flats', 'Look at 5 flats', null],
  ['Move the meeting to Monday', 'Move the meeting to Monday', null],
  ['Report next week', 'Report next week', null],
  ['Do it now', 'Do it now', null],
  ['Trip 1 Dec - 5 Dec', 'Trip 1 Dec - 5 Dec', null],
  ['Watch Saturday Night Fever', 'Watch Saturday Night Fever', null],
  ['Watch Saturday Night Live', 'Watch Saturday Night Live', null],
  ['Watch Tomorrow Never Dies', 'Watch Tomorrow Never Dies', null],
  ['Read The Man Who Was Thursday', 'Read The Man Who Was Thursday', null],
  ['Pills at 8am and 8pm', 'Pills at 8am and 8pm', null],
  ['Pills at 8am and at 8pm', 'Pills at 8am and at 8pm', null],
  ['Swim on Monday and Friday', 'Swim on Monday and Friday', null],
  ['Call Ann on Monday or Tuesday', 'Call Ann on Monday or Tuesday', null],
  ['Review Friday in a week', 'Review Friday in a week', null],
  ['Fix what broke last Friday', 'Fix what broke last Friday', null],
  ['Watch "Tomorrow" with Ann', 'Watch "Tomorrow" with Ann', null],
  ['Call Ben on Good Friday at 5pm', 'Call Ben on Good Friday at 5pm', null],
  ['Call Ben on the 5th at 10am', 'Call Ben on the 5th at 10am', null],
  ['Read the report of December 2024', 'Read the report of December 2024', null],
];

const GERMAN: [line: string, title: string, due: string | null][] = [
  ['Bank anrufen morgen um 17 Uhr', 'Bank anrufen', '2026-11-22 17:00'],
  ['Bank anrufen morgen 17:00', 'Bank anrufen', '2026-11-22 17:00'],
  ['Milch kaufen übermorgen', 'Milch kaufen', '2026-11-23'],
  ['Milch kaufen am Montag', 'Milch kaufen', '2026-11-23'],
  ['Milch kaufen Freitag', 'Milch kaufen', '2026-11-27'],
  ['Morgen Milch kaufen', 'Milch kaufen', '2026-11-22'],
  ['Heute Abend kochen', 'kochen', '2026-11-21 18:00'],
  ['Laufen morgen früh', 'Laufen', '2026-11-22 09:00'],
  ['Milch kaufen in 3 Tagen', 'Milch kaufen', '2026-11-24'],
  ['Pass verlängern in zwei Wochen', 'Pass verlängern', '2026-12-05'],
  ['Miete zahlen 1. Dez', 'Miete zahlen', '2026-12-01'],
  ['Miete zahlen am 1. Dezember', 'Miete zahlen', '2026-12-01'],
  ['Miete zahlen bis zum 1.12.', 'Miete zahlen', '2026-12-01'],
  ['Steuer abgeben 31.05.2027', 'Steuer abgeben', '2027-05-31'],
  ['Morgen Zahnarzt 17:00', 'Zahnarzt', '2026-11-22 17:00'],
  ['Am Montag Zahnarzt um 9', 'Zahnarzt', '2026-11-23 09:00'],
  ['5. Januar Zahnarzt um 9 Uhr', 'Zahnarzt', '2027-01-05 09:00'],
  ['TÜV 1.12. 14:00', 'TÜV', '2026-12-01 14:00'],
  ['1.12. 14 Uhr TÜV', 'TÜV', '2026-12-01 14:00'],
  ['Guten Morgen sagen um 14 Uhr', 'Guten Morgen sagen', '2026-11-21 14:00'],
  ['Zahnarzt um 14:30', 'Zahnarzt', '2026-11-21 14:30'],
  ['Anruf morgen früh um 8', 'Anruf', '2026-11-22 08:00'],
  ['Anruf morgen früh um 5', 'Anruf', '2026-11-22 05:00'],
  ['Anruf morgens um 5', 'Anruf', '2026-11-22 05:00'],
  ['Anruf Montag früh um 7', 'Anruf', '2026-11-23 07:00'],
  ['Anruf Montag früh um 7:30 Uhr', 'Anruf', '2026-11-23 07:30'],
  ['Zahnarzt Mittwoch früh 8 Uhr', 'Zahnarzt', '2026-11-25 08:00'],
  ['Müll am Dienstag früh rausbringen', 'Müll rausbringen', '2026-11-24 09:00'],
  ['Geschenk kaufen am 24. Dezember', 'Geschenk kaufen', '2026-12-24'],
  ['Feier 31. Dez um 20 Uhr', 'Feier', '2026-12-31 20:00'],
  ['Zahnarzt am 15. Januar um 9:30', 'Zahnarzt', '2027-01-15 09:30'],
  ['Steuer bis 31. Mai', 'Steuer', '2027-05-31'],
  ['Abgabe spätestens Freitag', 'Abgabe', '2026-11-27'],
  ['Bericht fällig am Mittwoch', 'Bericht', '2026-11-25'],
  ['Termin kommenden Donnerstag', 'Termin', '2026-11-26'],
  ['Heute Wäsche waschen', 'Wäsche waschen', '2026-11-21'],
  ['Oma anrufen heute um 16 Uhr', 'Oma anrufen', '2026-11-21 16:00'],
  ['Oma anrufen gegen 17 Uhr', 'Oma anrufen', '2026-11-21 17:00'],
  ['Treffen mit Ann um 5', 'Treffen mit Ann', '2026-11-21 17:00'],
  ['Übermorgen Auto waschen', 'Auto waschen', '2026-11-23'],
  ['Essen morgen Abend um 19 Uhr', 'Essen', '2026-11-22 19:00'],
  ['Kuchen backen morgen Nachmittag', 'Kuchen backen', '2026-11-22 15:00'],
  ['Ofen prüfen in 2 Stunden', 'Ofen prüfen', '2026-11-21 12:00'],
  ['Urlaub buchen 3. Januar 2028', 'Urlaub buchen', '2028-01-03'],
  ['Treffen morgen 14:00-15:30', 'Treffen', '2026-11-22 14:00'],
  ['Treffen morgen von 14 bis 15 Uhr', 'Treffen', '2026-11-22 14:00'],
  ['Freaky Friday sehen morgen um 20 Uhr', 'Freaky Friday sehen', '2026-11-22 20:00'],
  // What is no date
  ['Guten Morgen sagen', 'Guten Morgen sagen', null],
  ['Jeden Freitag gießen', 'Jeden Freitag gießen', null],
  ['Vor Freitag putzen', 'Vor Freitag putzen', null],
  ['Mail an Do schicken', 'Mail an Do schicken', null],
  ['Drei Tage wandern', 'Drei Tage wandern', null],
  ['Raum 5 streichen', 'Raum 5 streichen', null],
  ['Sonntagsbraten planen', 'Sonntagsbraten planen', null],
  ['Die Montage prüfen', 'Die Montage prüfen', null],
  ['Termin Freitag in einer Woche', 'Termin Freitag in einer Woche', null],
  ['Termin am Freitag in zwei Wochen', 'Termin am Freitag in zwei Wochen', null],
  ['Essen am Freitagabend', 'Essen am Freitagabend', null],
  ['Anruf Montagabend um 8', 'Anruf Montagabend um 8', null],
  ['Termin am 5. um 10 Uhr', 'Termin am 5. um 10 Uhr', null],
  ['Tabletten um 8 Uhr und 20 Uhr', 'Tabletten um 8 Uhr und 20 Uhr', null],
  ['Schwimmen am Montag und Freitag', 'Schwimmen am Montag und Freitag', null],
  ['Anruf Montag oder Dienstag', 'Anruf Montag oder Dienstag', null],
  ['Früh aufstehen', 'Früh aufstehen', null],
  ['Am Morgen lüften', 'Am Morgen lüften', null],
  ['Am Wochenende wandern', 'Am Wochenende wandern', null],
  ['Nach dem Montag fragen', 'Nach dem Montag fragen', null],
  ['Ab Montag fasten', 'Ab Montag fasten', null],
  ['Rechnung vom 3. Dezember prüfen', 'Rechnung vom 3. Dezember prüfen', null],
  ['Letzten Freitag nacharbeiten', 'Letzten Freitag nacharbeiten', null],
  ['3 Tage Urlaub planen', '3 Tage Urlaub planen', null],
  ['Bahn 14 Tage sperren', 'Bahn 14 Tage sperren', null],
  ['Seite 24 lesen', 'Seite 24 lesen', null],
  ['Fassung 1.12 prüfen', 'Fassung 1.12 prüfen', null],
  ['Maibaum aufstellen', 'Maibaum aufstellen', null],
  ['Mai Ling anrufen', 'Mai Ling anrufen', null],
  ['1984 lesen', '1984 lesen', null],
  ['Montagsmaler spielen', 'Montagsmaler spielen', null],
  ['Der Morgen danach', 'Der Morgen danach', null],
  ['Auf 8 Uhr umstellen', 'Auf 8 Uhr umstellen', null],
  ['Für Weihnachten 24 Kerzen kaufen', 'Für Weihnachten 24 Kerzen kaufen', null],
  ['Sonntag der Offenbarung lesen', 'Sonntag der Offenbarung lesen', null],
];

describe('a date in a line', () => {
  test.each([...ENGLISH, ...GERMAN])('%s', (line, title, due) => {
    const { todo } = read(line);
    const [day, time] = due?.split(' ') ?? [];
    const usual = day === '2026-11-21' ? '18:00' : '09:00';
    const dueAt = day === undefined ? null : `${day}T${time ?? usual}:00.000Z`;
    expect(todo).toEqual({ ...none, title, dueAt, allDay: dueAt !== null && time === undefined });
  });

  test('is the same in the early morning, when its time is still to come today', () => {
    const early = new Date('2026-11-21T06:30:00Z');
    const due = (line: string) => read(line, [], 'UTC', early).todo.dueAt;
    expect(due('Anruf morgen früh um 8')).toBe('2026-11-22T08:00:00.000Z');
    expect(due('Anruf Montag früh um 7')).toBe('2026-11-23T07:00:00.000Z');
    expect(due('Party Dec 31 8pm')).toBe('2026-12-31T20:00:00.000Z');
    expect(due('See Freaky Friday tomorrow at 8pm')).toBe('2026-11-22T20:00:00.000Z');
    expect(due('Termin am 5. um 10 Uhr')).toBeNull();
    expect(due('Anruf um 8')).toBe('2026-11-21T08:00:00.000Z');
  });

  test('is read in the time zone of the profile', () => {
    expect(read('Call tomorrow 17:00', [], 'America/New_York').todo.dueAt).toBe('2026-11-22T22:00:00.000Z');
    expect(read('Call tomorrow 17:00', [], 'Asia/Tokyo').todo.dueAt).toBe('2026-11-22T08:00:00.000Z');
    const late = new Date('2026-11-21T23:30:00Z'); // a Sunday in Tokyo
    expect(read('Call tomorrow', [], 'Asia/Tokyo', late).todo.dueAt).toBe('2026-11-23T00:00:00.000Z');
  });

  test('keeps its time of day over a change of the clocks', () => {
    const before = new Date('2026-10-24T10:00:00Z');
    const { dueAt, allDay } = read('Call tomorrow 17:00', [], 'Europe/Berlin', before).todo;
    expect(dueAt).toBe('2026-10-25T16:00:00.000Z');
    const words = { yesterday: 'Yesterday', today: 'Today', tomorrow: 'Tomorrow' };
    expect(formatDue({ dueAt, allDay }, before, 'Europe/Berlin', 'en', words)).toBe('Tomorrow 17:00');
  });
});

test('a plain line is a title', () => {
  expect(read('  Buy   milk ').todo).toEqual({ ...none, title: 'Buy milk' });
});

test('tags, a priority and a date are removed from the title, and their places are known', () => {
  const line = 'Buy milk #shopping !high at 5pm tomorrow';
  const { todo, parts } = read(line);
  expect(todo).toEqual({
    title: 'Buy milk',
    tags: ['shopping'],
    priority: 'high',
    dueAt: '2026-11-22T17:00:00.000Z',
    allDay: false,
  });
  expect(parts.map(({ kind, start, end }) => [kind, line.slice(start, end)])).toEqual([
    ['tag', '#shopping'],
    ['priority', '!high'],
    ['due', 'at 5pm tomorrow'],
  ]);
});

test('a date is found before, behind and between tags', () => {
  expect(read('Milch kaufen #laden !wichtig morgen').todo).toEqual({
    title: 'Milch kaufen',
    tags: ['laden'],
    priority: 'high',
    dueAt: '2026-11-22T09:00:00.000Z',
    allDay: true,
  });
  const { parts } = read('Call   at  5pm   tomorrow ');
  expect(parts).toEqual([{ kind: 'due', start: 7, end: 25, dueAt: '2026-11-22T17:00:00.000Z', allDay: false }]);
  expect(read('Buy milk fri #shopping !wichtig').todo).toEqual({
    title: 'Buy milk',
    tags: ['shopping'],
    priority: 'high',
    dueAt: '2026-11-27T09:00:00.000Z',
    allDay: true,
  });
});

test('a day and a time in different places are two parts of one date', () => {
  const line = 'Tomorrow call the bank at 5pm';
  const { parts } = read(line);
  expect(parts.map(({ start, end }) => line.slice(start, end))).toEqual(['Tomorrow', 'at 5pm']);
  expect(read(line, ['at 5pm']).todo).toEqual({
    ...none,
    title: 'call the bank at 5pm',
    dueAt: '2026-11-22T09:00:00.000Z',
    allDay: true,
  });
});

test('a part that the user refused is text, and what is written behind it is still read', () => {
  expect(read('Call the bank tomorrow', ['tomorrow']).todo).toEqual({ ...none, title: 'Call the bank tomorrow' });
  expect(read('Buy milk #shopping', ['#shopping']).todo).toEqual({ ...none, title: 'Buy milk #shopping' });
  const friday = read('Call the bank tomorrow on Friday', ['tomorrow']).todo;
  expect(friday).toEqual({ ...none, title: 'Call the bank tomorrow', dueAt: '2026-11-27T09:00:00.000Z', allDay: true });
  expect(read('Call the bank friday', ['fri']).todo.dueAt).toBe('2026-11-27T09:00:00.000Z');
});

test('a line of only a date or a tag is a title', () => {
  expect(read('Tomorrow')).toEqual({ todo: { ...none, title: 'Tomorrow' }, parts: [], hasTooManyTags: false });
  expect(read('#home')).toEqual({ todo: { ...none, title: '#home' }, parts: [], hasTooManyTags: false });
});

test('a number is no tag, and a repeated tag counts once', () => {
  expect(read('Close issue #42').todo).toEqual({ ...none, title: 'Close issue #42' });
  expect(read('Pay #100%').todo.tags).toEqual(['100%']);
  expect(read('Sweep #home #home').todo.tags).toEqual(['home']);
});

test('marks without a meaning stay', () => {
  expect(read('Wow ! # done !!').todo.title).toBe('Wow ! # done !!');
});

test('a line has at most twenty tags, those beyond stay text, and the line tells so', () => {
  const tags = Array.from({ length: 21 }, (_, index) => `#tag${index}x`);
  const { todo, hasTooManyTags } = read(`Buy milk ${tags.join(' ')} #TAG0X`);
  expect(todo.tags.length).toBe(21);
  expect(new Set(todo.tags.map((tag) => tag.toLowerCase())).size).toBe(20);
  expect(todo.title).toBe('Buy milk #tag20x');
  expect(hasTooManyTags).toBe(true);
  expect(read('Buy milk #shop').hasTooManyTags).toBe(false);
});
