import { useEffect, useRef, useState } from 'react';
import { useMessages } from '../i18n/i18n';
import { inputClass } from '../ui/controls';
import { editTodo } from './commands';
import { registerUnsavedEdit } from './unsaved-edits';
import type { Todo } from './known';
import css from './item-page.module.css';

/** A pause in typing after which notes are saved, in milliseconds. */
const PAUSE_MS = 1_200;

interface Draft {
  /** The item as it was when the writing began. */
  seen: Todo;
  text: string;
}

/** The notes of an item, saved automatically after a pause, when the field loses the focus and when the page closes. */
export function NotesField({ todo }: { todo: Todo }) {
  const m = useMessages();
  const [draft, setDraft] = useState<Draft | null>(null);
  const latest = useRef<Draft | null>(null);

  const save = () => {
    const written = latest.current;
    latest.current = null;
    if (!written) return;
    setDraft(null);
    const notes = written.text.trim() === '' ? null : written.text;
    if (notes !== written.seen.notes) editTodo(written.seen, { notes });
  };
  const write = (text: string) => {
    const next = { seen: latest.current?.seen ?? todo, text };
    latest.current = next;
    setDraft(next);
  };
  const text = draft?.text;
  useEffect(() => {
    if (text === undefined) return undefined;
    const timer = setTimeout(save, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    const unregister = registerUnsavedEdit(save);
    return () => {
      unregister();
      save();
    };
  }, []);

  return (
    <section className={css['section']}>
      <h2>
        <label htmlFor="notes">{m.notes}</label>
      </h2>
      <textarea
        id="notes"
        className={inputClass}
        dir="auto"
        value={text ?? todo.notes ?? ''}
        onChange={(event) => write(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
        placeholder={m.notesHint}
        maxLength={10_000}
        rows={4}
      />
    </section>
  );
}
