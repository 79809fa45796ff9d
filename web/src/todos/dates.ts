// Finds the date in a line of English or German text. Loaded when the user begins to write, because the library is as large
// as a page of ours.
//
// chrono reads any number or weekday as a date, which is right for a date field and wrong for a title: what it finds counts
// only if the words around it leave no doubt.
import * as de from 'chrono-node/de';
import * as en from 'chrono-node/en';
import { dayAfter, daysUntil, defaultTime, toMoment, wallTime, type WallTime } from './due';

/** A date in a text: the characters from `start` up to `end`. */
export interface FoundDate {
  start: number;
  end: number;
  dueAt: Date;
  /** Whether there is no time: the moment is then the usual one of that day. */
  allDay: boolean;
}

const MONTH =
  '(?:jan(?:uary|uar)?|jänner|feb(?:ruary|ruar)?|mar(?:ch)?|märz?|mrz|apr(?:il)?|may|mai|june?|juni|july?|juli|aug(?:ust)?|' +
  'sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)';
const UNIT =
  '(?:minuten?|minutes?|mins?|stunden?|std|hours?|hrs?|h|days?|tag(?:en?)?|weeks?|wochen?|months?|monat(?:en?)?)';
const CLOCK = '(?:[01]?\\d|2[0-3]):[0-5]\\d(?:\\s*(?:[ap]\\.?m\\b\\.?|uhr\\b))?';
const HOUR = '(?:[01]?\\d|2[0-4])\\s*(?:[ap]\\.?m\\b\\.?|uhr\\b)';
const WEEKDAY_NAME =
  '(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|sonnabend)' +
  '(?:morgen|vormittag|mittag|nachmittag|abend|nacht)?)';

/** The forms in which a number belongs to a date. All others are prices, versions, rooms and quantities. */
const NUMBERS = new RegExp(
  `(?<![\\p{L}\\p{N}.:/-])(?:${[
    '\\d{4}-\\d\\d-\\d\\d(?:T\\d\\d:\\d\\d)?',
    '\\d{1,2}\\.\\s?\\d{1,2}\\.(?:\\s?(?:20\\d\\d|\\d\\d))?',
    '\\d{1,2}/\\d{1,2}/20\\d\\d',
    `\\d{1,2}(?:st|nd|rd|th)?\\.?\\s*(?:of\\s+)?${MONTH}\\b\\.?(?:,?\\s+20\\d\\d)?`,
    `(?<=${MONTH}\\.?\\s+)\\d{1,2}(?:st|nd|rd|th)?(?:,?\\s+20\\d\\d)?`,
    `(?<=\\b(?:in|within|innerhalb von|binnen)\\s+)\\d{1,3}\\s*${UNIT}`,
    `(?:[01]?\\d|2[0-3])(?::[0-5]\\d)?\\s*(?:[-–]|to|bis)\\s*(?:${CLOCK}|${HOUR})`,
    CLOCK,
    HOUR,
    '(?<=\\b(?:at|um|gegen)\\s+)(?:[01]?\\d|2[0-4])(?!\\s*[%€$£])',
  ].join('|')})(?![\\p{L}\\p{N}]|[./:-]\\p{N})`,
  'giu',
);

const isTime = (text: string): boolean =>
  new RegExp(`${CLOCK}|${HOUR}|\\b(?:noon|midnight|mitternacht)\\b`, 'iu').test(text);

/** Words before a date that belong to it. */
const PREPOSITION = /(?:^|\s)(?:due|by|until|till|on|at|fällig|spätestens|bis|zum|am|um|gegen|kommenden)\s*$/iu;

/** After these words a date is not the day on which something is due. */
const OTHER_MEANING =
  /(?:^|[^\p{L}])(?:before|after|since|from|for|to|every|each|last|no|of|than|vor|nach|seit|ab|von|vom|für|auf|jede[nmrs]?|letzte[nmrs]?|keine?n?)\s*$/iu;

/** Words before a day's name that make it a name: a film, a song, a holiday. */
const NAMING =
  '(?:guten|schönen|usa|any given|ash|bad|big|black|bloody|blue|casual|cyber|easter|freaky|fat|good|happy|holy|man|manic|maundy|meatless|palm|ruby|shrove|small|stormy|super|taco|throwback|whit)';

/** Words before a day's name that make it a noun or part of a name. */
const NAME = new RegExp(
  `(?:^|[^\\p{L}])(?:a|the|my|his|her|our|their|das|dem|den|der|die|ein|eine[mnrs]?|mein|${NAMING})\\s*$`,
  'iu',
);

/** A day that stands beside a time: who writes it means the time of that day. */
const OTHER_DAY = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:${[
    WEEKDAY_NAME,
    'tues?|thu(?:rs?)?|fri|today|tomorrow|heute|(?:über)?morgen',
    '\\d{1,2}\\.\\s?\\d{1,2}\\.',
    `\\d{1,2}(?:st|nd|rd|th)?\\.?\\s*${MONTH}`,
    `${MONTH}\\.?\\s+[\\d_]{1,2}`,
    '(?<=(?:am|zum)\\s+)[\\d_]{1,2}\\.',
    '(?<=on the\\s+)[\\d_]{1,2}(?:st|nd|rd|th)',
  ].join('|')})(?![\\p{L}\\p{N}'’])`,
  'giu',
);

/** Of two moments ("at 8am and 8pm", "Monday or Tuesday") neither is the one of the item. */
const MOMENT = `(?:${OTHER_DAY.source}|${CLOCK}|${HOUR}|(?:at|um|gegen)\\s+\\d{1,2})`;
const ALTERNATIVE_BEFORE = new RegExp(`${MOMENT}\\s+(?:and|or|und|oder|&)\\s+(?:(?:at|on|am|um)\\s+)?$`, 'iu');
const ALTERNATIVE_AFTER = new RegExp(`^\\s+(?:and|or|und|oder|&)\\s+(?:(?:at|on|am|um)\\s+)?${MOMENT}`, 'iu');

/** "Friday in a week" is neither Friday nor in a week. */
const WEEKS_AFTER = /^\s+in\s+(?:an?|one|two|three|eine[mr]|zwei|drei|\d+)\s+(?:weeks?|wochen?|months?|monat)/i;
const DAY_BEFORE = new RegExp(`(?<!\\p{L})(?:${WEEKDAY_NAME}|today|tomorrow|heute|morgen)\\s+$`, 'iu');

/** Days in names, which say nothing of when an item is due: "Freaky Friday", "Saturday Night Fever", a quotation. */
const NAMES = [
  /“[^”]*”|„[^“”]*[“”]|«[^»]*»|"[^"]*"/gu,
  new RegExp(`(?<=(?<!\\p{L})${NAMING}\\s+)(?:${WEEKDAY_NAME}|today|morgen)(?!\\p{L})`, 'giu'),
  /\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day(?=\s+(?:Night|Morning|Evening)\s+\p{Lu})/gu,
  /(?<=\S\s+(?:Was|Were|Is|Are|Who|Of|Never)\s+)(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b/gu,
  /(?<=\S\s+)(?:Tomorrow|Today|Tonight)(?=\s+(?!Morning|Afternoon|Evening|Night|Noon|At\b)\p{Lu}\p{Ll})/gu,
];

/** A day's name alone that is another word as well: "the sun", "we sat", "so", "do". */
const AMBIGUOUS_DAY = /^(?:sat|sun|wed|mo|di|mi|do|fr|sa|so)$/i;

/** A German day's name of two characters. */
const GERMAN_SHORT_DAY = /^(?:mo|di|mi|do|fr|sa|so)$/i;

const WEEKDAY =
  /^(?:mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs?|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?|mo(?:ntag)?|di(?:enstag)?|mi(?:ttwoch)?|do(?:nnerstag)?|fr(?:eitag)?|sa(?:mstag)?|so(?:nntag)?)$/i;

/** The hour that a part of the day stands for. */
const DAYTIMES: [RegExp, number][] = [
  [/(?:\bfrüh|\bmorning|vormittags?|(?:heute|\p{L}{4,}tag) morgen)$/iu, 9],
  [/\b(?:noon|midday|mittags?)$/iu, 12],
  [/(?:afternoon|nachmittags?)$/iu, 15],
  [/(?:evening|abends?|tonight)$/iu, 18],
  [/(?:night|nachts?)$/iu, 22],
];

/** `1.12.`, which chrono reads only with a year, and only where no year follows; `1.12. 14:00` has a time instead. */
const DAY_AND_MONTH: de.Parser = {
  pattern: () => /(?<![\d.])(\d{1,2})\.\s?(\d{1,2})\.(?!\s?(?:20)?\d\d(?![\d:]|\s*uhr))/i,
  extract: (context, match) => {
    const components = context.createParsingComponents({ day: Number(match[1]), month: Number(match[2]) });
    return components.isValidDate() ? components : null;
  },
};

/** `früh um 8` and `morgens um 5`, also behind a day. */
const EARLY_TIME: de.Parser = {
  pattern: () =>
    /(?<![a-zäöüß])(?:früh|morgens)\s+(?:(?:um|gegen)\s+(\d{1,2})(?::(\d\d))?|(\d{1,2})(?::(\d\d))?(?=\s*uhr))(?:\s*uhr)?/i,
  extract: (context, match) => {
    const hour = Number(match[1] ?? match[3]);
    return hour < 12 ? context.createParsingComponents({ hour, minute: Number(match[2] ?? match[4] ?? 0) }) : null;
  },
};

const english = new en.Chrono(british());
const german = de.casual.clone();
german.parsers.push(DAY_AND_MONTH, EARLY_TIME);

/** British English, in which `Dec 24` is a day all the same: chrono takes it for December 2024. */
function british() {
  const configuration = en.configuration.createCasualConfiguration(true);
  for (const parser of configuration.parsers) {
    if ('shouldSkipYearLikeDate' in parser) parser.shouldSkipYearLikeDate = false;
  }
  return configuration;
}

/**
 * The date of a line, if there is one without doubt; the last one of several. A day and a time in different places are two
 * parts of the same date: `Tomorrow call the bank at 5pm`.
 */
export function findDate(line: string, now: Date, zone: string): FoundDate[] {
  // Of two spaces chrono would count one to the date.
  const places = [...line.matchAll(/\S|(?<!\s)\s/g)].map(({ index }) => index);
  const text = withoutOtherNumbers(places.map((at) => line[at]).join(''));
  const found = withOtherPart(datesIn(withoutNames(text), now, zone), text, now, zone);
  return found.map(({ start, end, dueAt, allDay }) => ({
    start: places[start] ?? 0,
    end: (places[end - 1] ?? 0) + 1,
    dueAt,
    allDay,
  }));
}

/** A result that leaves no doubt, and what it tells. */
interface ReadDate extends FoundDate {
  kind: 'day' | 'time' | 'both';
}

function datesIn(text: string, now: Date, zone: string): ReadDate[] {
  const reference = { instant: now, timezone: offsetMinutes(now, zone) };
  return [english, german]
    .flatMap((language) => language.parse(text, reference, { forwardDate: true }))
    .map((result) => read(result, text, now, zone))
    .filter((date) => date !== null);
}

/** The date that counts; with a day the time that stands elsewhere, and the other way round. */
function withOtherPart(dates: ReadDate[], text: string, now: Date, zone: string): ReadDate[] {
  const best = dates.reduce<ReadDate | null>(better, null);
  if (best === null || best.kind === 'both') return best ? [best] : [];
  const isOther = (date: ReadDate) =>
    date.kind !== 'both' && date.kind !== best.kind && (date.end <= best.start || best.end <= date.start);
  const other = dates.filter(isOther).reduce<ReadDate | null>(better, null);
  if (other === null) return best.kind === 'time' && hasOtherDay(best, text) ? [] : [best];
  const [day, time] = best.kind === 'day' ? [best, other] : [other, best];
  const { hour, minute } = wallTime(time.dueAt, zone);
  const dueAt = dayAfter(now, daysUntil(day.dueAt, now, zone), { hour, minute }, zone);
  return [best, other].map((date) => ({ ...date, dueAt, allDay: false }));
}

/** Whether a time may belong to a day that was not understood: today would be a guess. */
function hasOtherDay({ start, end }: ReadDate, text: string): boolean {
  const rest = text.slice(0, start) + '_'.repeat(end - start) + text.slice(end);
  const isNamed = ({ index, 0: day }: RegExpMatchArray & { index: number }) => {
    const before = rest.slice(0, index);
    const isBeside = index < start && rest.slice(index + day.length, start).trim() === '';
    return isBeside || (!NAME.test(before) && !OTHER_MEANING.test(before) && !isThisMorning(day, before));
  };
  return [...rest.matchAll(OTHER_DAY)].some(isNamed);
}

/** The longer one of two results for the same words, or the later one of two dates. */
function better(best: ReadDate | null, date: ReadDate): ReadDate {
  if (best === null) return date;
  const length = ({ start, end }: FoundDate) => end - start;
  const isSame = date.start < best.end && best.start < date.end;
  return (isSame ? length(date) > length(best) : date.end > best.end) ? date : best;
}

/** Replaces the digits that belong to no date; every character keeps its place. */
function withoutOtherNumbers(line: string): string {
  const kept = new Set<number>();
  for (const { index, 0: match } of line.matchAll(NUMBERS)) {
    for (let at = index; at < index + match.length; at++) kept.add(at);
  }
  return [...line.matchAll(/[^]/g)]
    .map(({ 0: unit, index }) => (/\d/.test(unit) && !kept.has(index) ? '_' : unit))
    .join('');
}

/** Replaces days that are parts of names; every character keeps its place. */
const withoutNames = (text: string): string =>
  NAMES.reduce((rest, name) => rest.replaceAll(name, (words) => '_'.repeat(words.length)), text);

function read(result: en.ParsedResult, text: string, now: Date, zone: string): ReadDate | null {
  const [start, end] = trimmed(result.index, result.text, text);
  if (!isDue(result, start, end, text)) return null;
  const words = text.slice(start, end);
  const { dueAt, allDay } = momentOf(result, words, now, zone);
  if (Number.isNaN(dueAt.getTime()) || daysUntil(dueAt, now, zone) < 0) return null;
  const kind = !hasDay(result.start) ? 'time' : allDay ? 'day' : 'both';
  const from = withPrepositions(start, text);
  return { start: from, end: end + headingLength(text.slice(0, from), text.slice(end)), dueAt, allDay, kind };
}

/** The place of a result without punctuation around it, and with `früh`, which chrono does not know. */
function trimmed(index: number, found: string, text: string): [number, number] {
  const start = index + (/^[\s,()]*/.exec(found)?.[0].length ?? 0);
  const words = found.replace(/[\s,()]+$/, '');
  const end = index + words.length;
  return [start, end + (/^\s+früh(?!\p{L})/iu.exec(text.slice(end))?.[0].length ?? 0)];
}

/** Whether the words around leave no doubt that an item is due then. */
function isDue(result: en.ParsedResult, start: number, end: number, text: string): boolean {
  const [before, words, after] = [text.slice(0, start), text.slice(start, end), text.slice(end)];
  if (!isOneMoment(result) || !isSeparate(before, after) || isOther(words) || OTHER_MEANING.test(before)) return false;
  if (ALTERNATIVE_BEFORE.test(before) || ALTERNATIVE_AFTER.test(after)) return false;
  if (WEEKS_AFTER.test(after) || (/^in\s/i.test(words) && DAY_BEFORE.test(before))) return false;
  const isIntroduced =
    PREPOSITION.test(before) || /^(?:on|at|am|um|früh|morgens)\s/i.test(words) || headingLength(before, after) > 0;
  const isLast = /^[\s.!?,;)]*$/.test(after);
  if (hasDay(result.start)) return isDay(words, before, isIntroduced, isLast);
  return isTimeOfDay(words, isIntroduced, isLast);
}

const hasDay = (found: en.ParsedResult['start']): boolean => found.isCertain('day') || found.isCertain('weekday');

/** A day or a time, or a span within a day; not a month, and not a span of days. */
function isOneMoment({ start, end }: en.ParsedResult): boolean {
  if (!hasDay(start) && !start.isCertain('hour')) return false;
  return !end || (end.get('day') === start.get('day') && start.isCertain('hour'));
}

/** No piece of a longer word or number. */
const isSeparate = (before: string, after: string): boolean =>
  !/[\p{L}\p{N}_'’/.-]$/u.test(before) && !/^(?:[\p{L}\p{N}_/]|['’-]\p{L}|-\d)/u.test(after);

/** A duration, such as in "Take a day off"; only "in a day" is due then. */
const DURATION = new RegExp(`(?:^|\\P{L})(?:${UNIT}|years?|jahr(?:en?)?)$`, 'iu');

/**
 * A duration, a day that has passed, a moment that is over at once, a title ("The Day After Tomorrow"), or "an Do" (to Do).
 */
const isOther = (words: string): boolean =>
  /^(?:now|jetzt|for|für|während|an|last|past|(?:letzte|vorige|vergangene)[nmrs]?)(?!\p{L})|\s(?:after|later)$|Day After/iu.test(
    words.replace(/^the day after/, ''),
  ) ||
  /(?:seconds?|sekunden?|\ss)$/i.test(words) ||
  (DURATION.test(words) && !/^(?:in|within|innerhalb|binnen)\s/i.test(words));

function isDay(words: string, before: string, isIntroduced: boolean, isLast: boolean): boolean {
  if (NAME.test(before) || isThisMorning(words, before)) return false;
  const name = words.replace(/^(?:on|am)\s+/i, '');
  // "Plan weekend trip" is due on no Saturday.
  if (/^week(?:end|day)$/i.test(name)) return isIntroduced;
  if (!WEEKDAY.test(name)) return true;
  // "goes on so that": an English preposition introduces no German day.
  if (GERMAN_SHORT_DAY.test(name) && /(?:^|\s)(?:due|by|until|till|on|at)\s*$/i.test(before)) return false;
  return isIntroduced || (isLast && !AMBIGUOUS_DAY.test(name));
}

/** "am Morgen" is the morning, not tomorrow. */
const isThisMorning = (words: string, before: string): boolean =>
  /^morgen$/i.test(words) && /(?:^|\s)am\s*$/i.test(before);

/** `17:00` is a time at the end of a line, `3:16` only after "at", `5pm` anywhere. */
function isTimeOfDay(words: string, isIntroduced: boolean, isLast: boolean): boolean {
  if (!isTime(words)) return isIntroduced && isLast;
  return isIntroduced || /m\b|uhr/i.test(words) || (isLast && /^\d\d:/.test(words));
}

/** The length of the colon behind a date at the start of the line: `Friday: call Ann`. */
const headingLength = (before: string, after: string): number =>
  before.trim() === '' ? (/^\s*:(?=\s|$)/.exec(after)?.[0].length ?? 0) : 0;

function withPrepositions(start: number, text: string): number {
  for (;;) {
    const match = PREPOSITION.exec(text.slice(0, start));
    if (!match) return text.slice(0, start).replace(/,\s*$/, '').length;
    start = match.index + (/^\s*/.exec(match[0])?.[0].length ?? 0);
  }
}

type Moment = Pick<FoundDate, 'dueAt' | 'allDay'>;

function momentOf({ start: found }: en.ParsedResult, words: string, now: Date, zone: string): Moment {
  const part = (name: 'year' | 'month' | 'day' | 'hour' | 'minute') => found.get(name) ?? 0;
  const noon = toMoment({ year: part('year'), month: part('month'), day: part('day'), hour: 12, minute: 0 }, zone);
  const time = timeOf(words, part('hour'), part('minute'), found.isCertain('hour'));
  if (time && !hasDay(found)) {
    const today = dayAfter(now, 0, time, zone);
    return { dueAt: today > now ? today : dayAfter(now, 1, time, zone), allDay: false };
  }
  const days = daysUntil(noon, now, zone);
  // A weekday is never today.
  const later = days === 0 && !found.isCertain('day') ? 7 : days;
  return { dueAt: dayAfter(now, later, time ?? defaultTime(now, later, zone), zone), allDay: time === null };
}

function timeOf(
  words: string,
  hour: number,
  minute: number,
  isCertain: boolean,
): Pick<WallTime, 'hour' | 'minute'> | null {
  const daytime = DAYTIMES.find(([name]) => name.test(words))?.[1];
  if (!isCertain) return daytime === undefined ? null : { hour: daytime, minute: 0 };
  // "at 5" is in the afternoon without another sign.
  const isBare = /(?:^|\s)(?:at|um|gegen)?\s*[1-6](?:\s|$)/i.test(words) && minute === 0 && !isTime(words);
  const isVague = isBare && !/früh|morgens/i.test(words);
  return { hour: isVague && hour < 7 ? hour + 12 : hour, minute };
}

/** Minutes by which the zone's clock is ahead of UTC. */
function offsetMinutes(now: Date, zone: string): number {
  const { year, month, day, hour, minute } = wallTime(now, zone);
  return Date.UTC(year, month - 1, day, hour, minute) / 60_000 - Math.floor(now.getTime() / 60_000);
}
