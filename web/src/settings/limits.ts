import { formatSize, MAX_BYTES } from '../attachments/files';
import type { Messages } from '../i18n/en';

/** The messages without parameters. */
type Text = { [K in keyof Messages]: Messages[K] extends string ? K : never }[keyof Messages];

interface Limit {
  /** Service and name in the table of docs/limits.md; a test compares the two. */
  documentedAs: string;
  name: Extract<Text, `limit${string}`>;
  value: number;
  unit?: 'bytes' | 'days';
  /** What happens beyond the limit. */
  beyond: Extract<Text, `limit${string}`>;
}

/** What one user may do, as the services are deployed without other settings. */
export const LIMITS: readonly Limit[] = [
  row('todos: items of a user', 'limitItems', 10_000, 'limitMakeRoom'),
  row('todos: attachments of an item', 'limitItemFiles', 20, 'limitRefused'),
  { ...row('todos: bytes of an attachment', 'limitFileSize', MAX_BYTES, 'limitRefused'), unit: 'bytes' },
  { ...row("todos: bytes of a user's attachments", 'limitFileSpace', 5_368_709_120, 'limitMakeRoom'), unit: 'bytes' },
  row('todos: changes a minute', 'limitChanges', 600, 'limitSentLater'),
  row('todos: new items a minute', 'limitNewItems', 300, 'limitSentLater'),
  row('todos: new attachments a minute', 'limitUploads', 120, 'limitSentLater'),
  row('notifications: reminder emails a day', 'limitReminderMails', 20, 'limitOneMoreMail'),
  { ...row('notifications: days that an inbox entry is kept', 'limitInboxDays', 90, 'limitDeleted'), unit: 'days' },
  row('notifications: marking all as read, a minute', 'limitReadAll', 30, 'limitNextMinute'),
  row('notifications: changes a minute', 'limitInboxChanges', 600, 'limitNextMinute'),
  row('notifications: open connections', 'limitWindows', 20, 'limitOldestWindow'),
  row('users: exports a day', 'limitExports', 3, 'limitTomorrow'),
  row('users: profile changes a minute', 'limitProfileChanges', 60, 'limitNextMinute'),
  row('users: changes a minute', 'limitAccountChanges', 600, 'limitNextMinute'),
];

/** A limit in the language's form: `10,000`, `5 GB`, `90 days`. */
export function formatLimit({ value, unit }: Pick<Limit, 'value' | 'unit'>, language: string): string {
  if (unit === 'bytes') return formatSize(value, language);
  const days = { style: 'unit', unit: 'day', unitDisplay: 'long' } as const;
  return value.toLocaleString(language, unit === 'days' ? days : {});
}

function row(documentedAs: string, name: Limit['name'], value: number, beyond: Limit['beyond']): Limit {
  return { documentedAs, name, value, beyond };
}
