import { useMessages } from '../i18n/i18n';
import css from './counter.module.css';
import { lengthOf, LONGEST_TITLE } from './text';

/** So many characters before the end, the count begins to show. */
const NEAR = 20;

/** How much room is left in a title, once it gets short. */
export function Counter({ title }: { title: string }) {
  const m = useMessages();
  const length = lengthOf(title);
  if (length < LONGEST_TITLE - NEAR) return null;
  const isTooLong = length > LONGEST_TITLE;
  return (
    <span className={css['counter']} data-bad={isTooLong} role={isTooLong ? 'status' : undefined}>
      {isTooLong ? m.titleTooLong(length, LONGEST_TITLE) : m.titleLength(length, LONGEST_TITLE)}
    </span>
  );
}
