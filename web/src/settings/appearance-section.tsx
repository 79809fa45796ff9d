import { storeShortcuts, shortcutsOn } from '../app/shortcuts';
import { useMessages } from '../i18n/i18n';
import { useStore } from '../store';
import { SelectField } from '../ui/select-field';
import { chooseTheme, theme } from '../ui/theme';
import { Section } from './section';
import css from './settings-page.module.css';
import { Switch } from './switch';

/** How the page looks and is used on this device. */
export function AppearanceSection() {
  const m = useMessages();
  const chosen = useStore(theme);
  const keys = useStore(shortcutsOn);
  return (
    <Section title={m.appearance}>
      <div className={css['hour']}>
        <SelectField
          label={m.theme}
          value={chosen}
          options={[
            { value: 'system', label: m.themeSystem },
            { value: 'light', label: m.themeLight },
            { value: 'dark', label: m.themeDark },
          ]}
          onChange={chooseTheme}
        />
      </div>
      <Switch
        text={m.singleKeys}
        hint={m.singleKeysHint}
        isOn={keys}
        onChange={(isOn) => storeShortcuts(isOn ? 'on' : 'off')}
      />
    </Section>
  );
}
