import { useId, useState, type KeyboardEvent } from 'react';
import { useLanguage, useMessages } from '../i18n/i18n';
import { CloseIcon } from '../ui/icons';
import { useTodos } from './data';
import { tagsOf } from './filters';
import css from './tags-field.module.css';

/** The tags of an item: written one by one, with those in use as proposals. */
export function TagsField({ tags, onChange }: { tags: string[]; onChange: (tags: string[]) => void }) {
  const m = useMessages();
  const id = useId();
  const [text, setText] = useState('');
  const proposals = tagsOf(useTodos(), useLanguage()).filter((tag) => !tags.includes(tag));

  const add = () => {
    const tag = text.trim().replace(/^#/, '').slice(0, 50);
    setText('');
    if (tag !== '' && !tags.includes(tag) && tags.length < 20) onChange([...tags, tag]);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' || event.key === ',') {
      event.preventDefault();
      add();
    } else if (event.key === 'Backspace' && text === '' && tags.length > 0) {
      onChange(tags.slice(0, -1));
    }
  };
  return (
    <div className={css['field']}>
      {tags.map((tag) => (
        <span key={tag} className={css['tag']}>
          {tag}
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
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={add}
        placeholder={m.addTag}
        aria-label={m.addTag}
        maxLength={51}
        list={id}
        enterKeyHint="done"
        autoComplete="off"
      />
      <datalist id={id}>
        {proposals.map((tag) => (
          <option key={tag} value={tag} />
        ))}
      </datalist>
    </div>
  );
}
