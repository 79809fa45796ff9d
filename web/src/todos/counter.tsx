import { useMessages } from '../i18n/i18n';
import css from './counter.module.css';
import { lengthOf, MAX_TITLE_LENGTH } from './text';

/** So many characters before the end, the count begins to show. */
const WARN_WITHIN = 20;

/** The number of characters left in a title, once there are few. */
export function Counter({ title }: { title: string }) {
  const m = useMessages();
  const length = lengthOf(title);
  if (length < MAX_TITLE_LENGTH - WARN_WITHIN) return null;
  const isTooLong = length > MAX_TITLE_LENGTH;
  return (
    <span className={css['counter']} data-bad={isTooLong} role={isTooLong ? 'status' : undefined}>
      {isTooLong ? m.titleTooLong(length, MAX_TITLE_LENGTH) : m.titleLength(length, MAX_TITLE_LENGTH)}
    </span>
  );
}
