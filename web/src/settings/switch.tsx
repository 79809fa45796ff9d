import css from './settings-page.module.css';

interface Props {
  text: string;
  hint?: string;
  isOn: boolean;
  disabled?: boolean;
  onChange: (isOn: boolean) => void;
}

/** A switch that takes effect at once. */
export function Switch({ text, hint, isOn, disabled = false, onChange }: Props) {
  return (
    <label className={css['switch']}>
      <span>
        {text}
        {hint && <span className={css['soft']}> {hint}</span>}
      </span>
      <input
        type="checkbox"
        role="switch"
        checked={isOn}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
    </label>
  );
}
