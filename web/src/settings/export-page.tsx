import { Link } from 'wouter';
import { useTitle } from '../app/use-title';
import { useMessages } from '../i18n/i18n';
import { buttonClass } from '../ui/controls';
import { BackIcon } from '../ui/icons';
import { ExportSection } from './export-section';
import css from './settings-page.module.css';

/** The target of the link in the email about an export. */
export default function ExportPage() {
  const m = useMessages();
  useTitle(m.exportTitle);
  return (
    <div className={css['page']}>
      <h1>{m.data}</h1>
      <ExportSection />
      <div>
        <Link href="/" className={buttonClass('quiet')}>
          <BackIcon size={18} />
          {m.back}
        </Link>
      </div>
    </div>
  );
}
