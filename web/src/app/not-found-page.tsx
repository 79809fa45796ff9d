import { Link } from 'wouter';
import { useMessages } from '../i18n/i18n';
import { buttonClass, Empty } from '../ui/controls';
import { SearchIcon } from '../ui/icons';
import { useTitle } from './use-title';

/** There is no such page. */
export function NotFound() {
  const m = useMessages();
  useTitle(m.notFoundTitle);
  return (
    <Empty glyph={<SearchIcon size={28} />} heading="h1" title={m.notFoundTitle}>
      <p>{m.notFoundText}</p>
      <Link href="/" className={buttonClass('plain')}>
        {m.back}
      </Link>
    </Empty>
  );
}
