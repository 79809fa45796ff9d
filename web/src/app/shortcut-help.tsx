import { useMessages } from '../i18n/i18n';
import { Dialog } from '../ui/dialog';
import css from './shortcut-help.module.css';

/** All shortcuts at a glance. */
export function ShortcutHelp({ isOpen, onOpenChange }: { isOpen: boolean; onOpenChange: (isOpen: boolean) => void }) {
  const m = useMessages();
  const rows: [string[], string][] = [
    [['N'], m.shortcutNew],
    [['/'], m.shortcutSearch],
    [['J', '↓'], m.shortcutNext],
    [['K', '↑'], m.shortcutPrevious],
    [['X'], m.shortcutComplete],
    [['E'], m.shortcutEdit],
    [['O'], m.shortcutOpen],
    [['#'], m.shortcutDelete],
    [['Z'], m.shortcutUndo],
    [['G L', 'G T', 'G U', 'G I', 'G S'], m.shortcutGo],
    [['Esc'], m.shortcutEscape],
    [['?'], m.shortcutHelp],
  ];
  return (
    <Dialog title={m.shortcuts} isOpen={isOpen} onOpenChange={onOpenChange}>
      <dl className={css['list']}>
        {rows.map(([keys, text]) => (
          <div key={text}>
            <dt>{text}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
