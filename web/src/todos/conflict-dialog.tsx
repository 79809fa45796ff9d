import { useStore } from '../store';
import { useMessages } from '../i18n/i18n';
import { Button } from '../ui/controls';
import { actionsClass, Dialog } from '../ui/dialog';
import { conflict, editTodo, type Conflict } from './commands';
import css from './conflict-dialog.module.css';
import { useDueInWords } from './todo-facts';

/** Shows an edit beside the newer version that it met, and asks which one stays. */
export function ConflictDialog() {
  const m = useMessages();
  const found = useStore(conflict);
  const close = () => conflict.update(() => null);
  return (
    <Dialog title={m.conflictTitle} isOpen={found !== null} onOpenChange={(isOpen) => !isOpen && close()}>
      {found && <Sides found={found} onDecided={close} />}
    </Dialog>
  );
}

function Sides({ found, onDecided }: { found: Conflict; onDecided: () => void }) {
  const m = useMessages();
  const keepMine = () => {
    onDecided();
    void editTodo(found.newer, found.edit);
  };
  return (
    <>
      <p>{m.conflictText}</p>
      {found.fields.map((field) => (
        <dl key={field} className={css['sides']}>
          <div>
            <dt>{m.conflictTheirs}</dt>
            <dd>
              <Value value={found.newer[field]} isDue={field === 'dueAt'} />
            </dd>
          </div>
          <div>
            <dt>{m.conflictMine}</dt>
            <dd>
              <Value value={found.edit[field]} isDue={field === 'dueAt'} />
            </dd>
          </div>
        </dl>
      ))}
      <div className={actionsClass}>
        <Button onClick={onDecided}>{m.keepTheirs}</Button>
        <Button look="primary" onClick={keepMine}>
          {m.keepMine}
        </Button>
      </div>
    </>
  );
}

function Value({ value, isDue }: { value: string | string[] | null | undefined; isDue: boolean }) {
  const m = useMessages();
  const due = useDueInWords(isDue && typeof value === 'string' ? value : null);
  const text = due || (Array.isArray(value) ? value.join(', ') : value);
  return <>{text || <em>{m.empty}</em>}</>;
}
