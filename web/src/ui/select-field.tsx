import { Select } from '@base-ui/react/select';
import { inputClass, labelClass, fieldClass } from './controls';
import { CheckIcon, DropDownIcon } from './icons';
import css from './select-field.module.css';

export interface Option<T> {
  value: T;
  label: string;
}

interface Props<T> {
  label: string;
  /** Whether the label is for screen readers alone. */
  isLabelHidden?: boolean;
  value: T;
  options: readonly Option<T>[];
  disabled?: boolean;
  /** For styles that depend on the value. */
  tone?: string;
  onChange: (value: T) => void;
}

/** A choice from a list. */
export function SelectField<T extends string | number>({
  label,
  isLabelHidden = false,
  value,
  options,
  disabled = false,
  tone,
  onChange,
}: Props<T>) {
  return (
    <Select.Root
      items={options}
      value={value}
      disabled={disabled}
      modal={false}
      onValueChange={(next) => next !== null && onChange(next)}
    >
      <div className={fieldClass}>
        <Select.Label className={isLabelHidden ? 'visually-hidden' : labelClass}>{label}</Select.Label>
        <Select.Trigger className={`${inputClass} ${css['trigger']}`} data-tone={tone}>
          <bdi className={css['value']}>
            <Select.Value />
          </bdi>
          <Select.Icon className={css['icon']}>
            <DropDownIcon size={16} />
          </Select.Icon>
        </Select.Trigger>
      </div>
      <Select.Portal>
        <Select.Positioner className={css['positioner']} sideOffset={4} alignItemWithTrigger={false}>
          <Select.Popup className={css['popup']}>
            <Select.List className={css['list']}>
              {options.map((option) => (
                <Select.Item key={option.value} value={option.value} className={css['item']}>
                  <Select.ItemText className={css['text']}>
                    <bdi>{option.label}</bdi>
                  </Select.ItemText>
                  <Select.ItemIndicator className={css['icon']}>
                    <CheckIcon size={16} />
                  </Select.ItemIndicator>
                </Select.Item>
              ))}
            </Select.List>
          </Select.Popup>
        </Select.Positioner>
      </Select.Portal>
    </Select.Root>
  );
}
