import { useEffect, useLayoutEffect, useRef, type RefObject } from 'react';
import { useMessages } from '../i18n/i18n';
import { CalendarIcon, CloseIcon, FlagIcon, TagIcon } from '../ui/icons';
import { NO_DUE } from './due';
import type { Part } from './quick-add';
import css from './recognised-line.module.css';
import { useDueLongText } from './todo-facts';

interface Props {
  text: string;
  parts: readonly Part[];
}

/** Marks the recognised parts behind the field, where its text is. */
export function Highlight({ text, parts, field }: Props & { field: RefObject<HTMLInputElement | null> }) {
  const marks = useRef<HTMLDivElement>(null);
  const follow = () => {
    if (marks.current && field.current) marks.current.scrollLeft = field.current.scrollLeft;
  };
  useLayoutEffect(follow);
  useEffect(() => {
    const input = field.current;
    const events = ['scroll', 'scrollend', 'keyup', 'select', 'blur'];
    events.forEach((name) => input?.addEventListener(name, follow));
    return () => events.forEach((name) => input?.removeEventListener(name, follow));
  });
  return (
    <div ref={marks} className={css['highlight']} dir="auto" aria-hidden="true">
      {parts.map((part, index) => (
        <span key={part.start}>
          {text.slice(parts[index - 1]?.end ?? 0, part.start)}
          <mark>{text.slice(part.start, part.end)}</mark>
        </span>
      ))}
      {text.slice(parts.at(-1)?.end ?? 0)}
    </div>
  );
}

/** What each part means, with a button that keeps it as text. A day and a time in different places mean one date. */
export function Recognised({ text, parts, onRefuse }: Props & { onRefuse: (part: Part) => void }) {
  const m = useMessages();
  if (parts.length === 0) return null;
  const lastDue = parts.findLast((part) => part.kind === 'due');
  const shown = parts.filter((part) => part.kind !== 'due' || part === lastDue);
  return (
    <ul className={css['parts']} aria-label={m.recognised}>
      {shown.map((part) => (
        <li key={part.start} className={css['part']}>
          <PartIcon kind={part.kind} />
          <Meaning part={part} />
          <button
            type="button"
            aria-label={m.keepAsText(text.slice(part.start, part.end))}
            title={m.keepAsText(text.slice(part.start, part.end))}
            onClick={() => onRefuse(part)}
          >
            <CloseIcon size={14} />
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Reads the recognised parts to screen readers while the user types. */
export function Announcement({ text, parts }: Props) {
  const m = useMessages();
  const due = parts.find((part) => part.kind === 'due');
  const dueText = useDueLongText(due ?? NO_DUE);
  const meanings = parts.map((part) => {
    const meaning = part.kind === 'due' ? dueText : part.kind === 'tag' ? part.tag : priorityName(m, part.priority);
    return m.recognisedPart(text.slice(part.start, part.end), meaning);
  });
  return (
    <p role="status" className="visually-hidden">
      {parts.length > 0 && `${m.recognised}: ${meanings.join(', ')}. ${m.refuseHint}`}
    </p>
  );
}

function PartIcon({ kind }: { kind: Part['kind'] }) {
  if (kind === 'due') return <CalendarIcon size={14} />;
  return kind === 'tag' ? <TagIcon size={14} /> : <FlagIcon size={14} />;
}

function Meaning({ part }: { part: Part }) {
  const m = useMessages();
  const due = useDueLongText(part.kind === 'due' ? part : NO_DUE);
  if (part.kind === 'due') return due;
  return part.kind === 'tag' ? <bdi>{part.tag}</bdi> : priorityName(m, part.priority);
}

const priorityName = (m: ReturnType<typeof useMessages>, priority: string): string =>
  ({ high: m.priorityHigh, low: m.priorityLow })[priority] ?? m.priorityNormal;
