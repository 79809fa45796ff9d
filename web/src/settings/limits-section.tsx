import { useLanguage, useMessages } from '../i18n/i18n';
import { formatLimit, LIMITS } from './limits';
import { Section } from './section';
import css from './settings-page.module.css';

/** What a user may do, and what happens beyond. */
export function LimitsSection() {
  const m = useMessages();
  const language = useLanguage();
  return (
    <Section title={m.limits}>
      <p className={css['soft']}>{m.limitsText}</p>
      <table className={`${css['table']} ${css['limits']}`}>
        <thead>
          <tr>
            <th scope="col">{m.limitWhat}</th>
            <th scope="col">{m.limitAtMost}</th>
          </tr>
        </thead>
        <tbody>
          {LIMITS.map((limit) => (
            <tr key={limit.name}>
              <th scope="row">
                {m[limit.name]}
                <span className={css['beyond']}>{m[limit.beyond]}</span>
              </th>
              <td>{formatLimit(limit, language)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
