import { useRef, useState, type RefObject } from 'react';
import { useStore } from '../store';
import { useMessages } from '../i18n/i18n';
import { Button } from '../ui/controls';
import { Dialog } from '../ui/dialog';
import { shortTitle } from '../ui/toasts';
import { conflicts, editTodo, type Conflict } from './commands';
import css from './conflict-dialog.module.css';
import { NO_DUE } from './due';
import type { Edit, EditedField } from './pending';
import { useDueLongText } from './todo-facts';

/**
 * Shows an edit beside the newer version that it conflicts with, and asks which one to keep. The user can decide later: a
 * notice on every page keeps the edit until then.
 */
export function Conflicts() {
  const m = useMessages();
  const met = useStore(conflicts);
  const [putOff, setPutOff] = useState<readonly Conflict[]>([]);
  const keepMine = useRef<HTMLButtonElement>(null);
  const found = met.find((conflict) => !putOff.includes(conflict));
  const decided = () => conflicts.update((all) => all.filter((conflict) => conflict !== found));
  return (
    <>
      <div role="status">
        {!found && met.length > 0 && (
          <p className={css['waiting']}>
            {m.conflictsWait(met.length)}
            <Button onClick={() => setPutOff([])}>{m.conflictDecide}</Button>
          </p>
        )}
      </div>
      <Dialog
        title={m.conflictTitle}
        isOpen={found !== undefined}
        onOpenChange={(isOpen) => !isOpen && setPutOff(met)}
        initialFocus={keepMine}
      >
        {found && <Sides found={found} keepMine={keepMine} onDecided={decided} />}
      </Dialog>
    </>
  );
}

const FIELDS = {
  title: 'editTitle',
  notes: 'notes',
  dueAt: 'due',
  priority: 'priority',
  tags: 'tagsTitle',
} as const satisfies Record<EditedField, string>;

interface SidesProps {
  found: Conflict;
  keepMine: RefObject<HTMLButtonElement | null>;
  onDecided: () => void;
}

function Sides({ found, keepMine, onDecided }: SidesProps) {
  const m = useMessages();
  const keep = () => {
    onDecided();
    editTodo(found.newer, found.edit);
  };
  return (
    <>
      <p>{m.conflictText(shortTitle(found.newer.title))}</p>
      {found.fields.map((field) => (
        <section key={field} className={css['field']} aria-label={m[FIELDS[field]]}>
          <h3>{m[FIELDS[field]]}</h3>
          <dl className={css['sides']}>
            <div>
              <dt>{m.conflictMine}</dt>
              <dd dir="auto">
                <Value field={field} of={found.edit} />
              </dd>
            </div>
            <div>
              <dt>{m.conflictTheirs}</dt>
              <dd dir="auto">
                <Value field={field} of={found.newer} />
              </dd>
            </div>
          </dl>
        </section>
      ))}
      <div className={css['choices']}>
        <Button ref={keepMine} look="primary" onClick={keep}>
          {m.keepMine}
        </Button>
        <Button onClick={onDecided}>{m.keepTheirs}</Button>
      </div>
    </>
  );
}

function Value({ field, of }: { field: EditedField; of: Edit }) {
  const m = useMessages();
  const due = useDueLongText({ ...NO_DUE, ...of });
  const text = () => {
    switch (field) {
      case 'dueAt':
        return due;
      case 'priority':
        return of.priority && m[PRIORITIES[of.priority]];
      case 'tags':
        return of.tags?.join(', ');
      default:
        return of[field];
    }
  };
  return <>{text() || <em>{m.empty}</em>}</>;
}

const PRIORITIES = { high: 'priorityHigh', normal: 'priorityNormal', low: 'priorityLow' } as const;
