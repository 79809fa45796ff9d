import { useRef, useState, type KeyboardEvent } from 'react';
import { Counter } from './counter';
import { cut, lengthOf, MAX_TITLE_LENGTH, oneLine } from './text';
import css from './title-text.module.css';

interface Props {
  /** The saved title; the text that the user writes is kept separately until it is saved. */
  title: string;
  label: string;
  status?: string;
  /** Called with a new title for the one that was shown when the editing began. */
  onBegin?: () => void;
  onSave: (title: string) => void;
  /** Called when the field loses the focus, with or without a change. */
  onEnd?: () => void;
  isFocused?: boolean;
}

/**
 * The field for a title, as high as its text: Enter and leaving it save, Escape leaves it as it was.
 */
export function TitleText({ title, label, status, onBegin, onSave, onEnd, isFocused }: Props) {
  const [draft, setDraft] = useState<string | null>(null);
  const outcome = useRef<'save' | 'drop'>('save');
  const text = draft ?? title;

  const write = (next: string) => {
    if (draft === null) onBegin?.();
    setDraft(cut(next, MAX_TITLE_LENGTH));
  };
  const end = () => {
    const written = oneLine(text);
    const isToSave = outcome.current === 'save' && draft !== null && written !== '' && written !== title;
    outcome.current = 'save';
    setDraft(null);
    onEnd?.();
    if (isToSave) onSave(written);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing || (event.key !== 'Enter' && event.key !== 'Escape')) return;
    event.preventDefault();
    outcome.current = event.key === 'Enter' ? 'save' : 'drop';
    event.currentTarget.blur();
  };
  return (
    <>
      <textarea
        className={css['text']}
        dir="auto"
        // Where a field cannot grow with its text by itself.
        rows={Math.min(6, Math.ceil(lengthOf(text) / 40) || 1)}
        value={text}
        data-status={status}
        onChange={(event) => write(event.target.value)}
        onBlur={end}
        onKeyDown={onKeyDown}
        onFocus={isFocused ? (event) => event.currentTarget.select() : undefined}
        ref={isFocused ? focusOnce : undefined}
        aria-label={label}
        enterKeyHint="done"
      />
      {draft !== null && <Counter title={draft} />}
    </>
  );
}

function focusOnce(field: HTMLTextAreaElement | null): void {
  field?.focus();
}
