import { useId, useState, type KeyboardEvent } from 'react';
import { useLanguage, useMessages } from '../i18n/i18n';
import { CloseIcon } from '../ui/icons';
import { useTodos } from './data';
import css from './tags-field.module.css';
import { hasTag, MAX_TAGS, tagsOf, withTags } from './tags';

/** The tags of an item: written one by one, with those in use as proposals. */
export function TagsField({ tags, onChange }: { tags: string[]; onChange: (tags: string[]) => void }) {
  const m = useMessages();
  const id = useId();
  const [text, setText] = useState('');
  const inUse = tagsOf(useTodos(), useLanguage());
  const proposals = inUse.filter((tag) => !hasTag({ tags }, tag));

  const add = (written: string) => {
    const { tags: next, leftOver } = withTags(tags, written, inUse);
    setText(leftOver);
    if (next.length > tags.length) onChange(next);
  };
  const write = (written: string) => {
    // A comma ends a tag, also in pasted text or from the keyboard of a phone.
    if (written.includes(',')) add(written);
    else setText(written);
  };
  const isFull = tags.length >= MAX_TAGS;
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === 'Escape') {
      event.currentTarget.blur();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      add(text);
    } else if (event.key === 'Backspace' && text === '' && tags.length > 0) {
      onChange(tags.slice(0, -1));
    }
  };
  return (
    <div className={css['field']}>
      {tags.map((tag) => (
        <span key={tag} className={css['tag']}>
          <bdi>{tag}</bdi>
          <button
            type="button"
            aria-label={m.removeTag(tag)}
            title={m.removeTag(tag)}
            onClick={() => onChange(tags.filter((one) => one !== tag))}
          >
            <CloseIcon size={14} />
          </button>
        </span>
      ))}
      <input
        className={css['input']}
        dir="auto"
        value={text}
        onChange={(event) => write(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={() => add(text)}
        placeholder={m.addTag}
        aria-label={m.addTag}
        aria-invalid={isFull && text !== ''}
        aria-describedby={`${id}-most`}
        list={id}
        enterKeyHint="done"
        autoComplete="off"
      />
      <datalist id={id}>
        {proposals.map((tag) => (
          <option key={tag} value={tag} />
        ))}
      </datalist>
      <p id={`${id}-most`} role="status" className={css['most']}>
        {isFull && m.mostTags(MAX_TAGS)}
      </p>
    </div>
  );
}
