import { Popover } from '@base-ui/react/popover';
import { lazy, Suspense, useEffect, useRef } from 'react';
import { useShortcuts } from '../app/shortcuts';
import { useMessages } from '../i18n/i18n';
import { iconButtonClass, Skeleton } from '../ui/controls';
import { CloseIcon, FilterIcon, SearchIcon } from '../ui/icons';
import popover from '../ui/popover.module.css';
import { whenIdle } from '../ui/when-idle';
import css from './filter-bar.module.css';
import { hasFilters, type Filters } from './filters';

const loadChoices = () => import('./filter-choices');
const FilterChoices = lazy(loadChoices);

interface Props {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

/** Narrows and orders the list. */
export function FilterBar({ filters, onChange }: Props) {
  const m = useMessages();
  const search = useRef<HTMLInputElement>(null);
  // Also available offline when the popover opens.
  useEffect(() => whenIdle(loadChoices), []);
  useShortcuts({ '/': () => search.current?.focus() });
  return (
    <div className={css['bar']}>
      <div className={css['search']}>
        <SearchIcon size={18} />
        <input
          ref={search}
          type="search"
          dir="auto"
          value={filters.text}
          onChange={(event) => onChange({ ...filters, text: event.target.value })}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            onChange({ ...filters, text: '' });
            event.currentTarget.blur();
          }}
          placeholder={m.search}
          aria-label={m.search}
          autoComplete="off"
        />
        {filters.text !== '' && (
          <button
            type="button"
            className={iconButtonClass}
            aria-label={m.clearSearch}
            title={m.clearSearch}
            onClick={() => onChange({ ...filters, text: '' })}
          >
            <CloseIcon size={16} />
          </button>
        )}
      </div>
      <Popover.Root>
        <Popover.Trigger className={iconButtonClass} aria-label={m.filter} title={m.filter}>
          <FilterIcon />
          {hasFilters({ ...filters, text: '' }) && <span className={css['dot']} />}
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Positioner className={popover['positioner']} sideOffset={6} align="end">
            <Popover.Popup className={popover['popup']}>
              <Popover.Title className="visually-hidden">{m.filter}</Popover.Title>
              <Suspense fallback={<Skeleton />}>
                <FilterChoices filters={filters} onChange={onChange} />
              </Suspense>
            </Popover.Popup>
          </Popover.Positioner>
        </Popover.Portal>
      </Popover.Root>
    </div>
  );
}
