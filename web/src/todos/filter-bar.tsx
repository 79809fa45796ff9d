import { Popover } from '@base-ui/react/popover';
import { useRef } from 'react';
import { useShortcuts } from '../app/shortcuts';
import { useLanguage, useMessages } from '../i18n/i18n';
import { Button, iconButtonClass } from '../ui/controls';
import { CloseIcon, FilterIcon, SearchIcon } from '../ui/icons';
import popover from '../ui/popover.module.css';
import { SelectField } from '../ui/select-field';
import { useTodos } from './data';
import css from './filter-bar.module.css';
import { DUES, hasFilters, SORTS, STATUSES, type Filters } from './filters';
import { tagsOf } from './tags';

interface Props {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

/** Narrows and orders the list. */
export function FilterBar({ filters, onChange }: Props) {
  const m = useMessages();
  const search = useRef<HTMLInputElement>(null);
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
              <Choices filters={filters} onChange={onChange} />
            </Popover.Popup>
          </Popover.Positioner>
        </Popover.Portal>
      </Popover.Root>
    </div>
  );
}

const SORT_TEXT = {
  newest: 'sortCreated',
  oldest: 'sortOldest',
  due: 'sortDue',
  priority: 'sortPriority',
  title: 'sortTitle',
} as const;
const DUE_TEXT = {
  any: 'dueAny',
  overdue: 'dueOverdue',
  today: 'dueToday',
  week: 'dueWeek',
  none: 'dueNone',
} as const;
const STATUS_TEXT = { open: 'statusOpen', completed: 'statusCompleted', all: 'statusAll' } as const;

function Choices({ filters, onChange }: Props) {
  const m = useMessages();
  const tags = tagsOf(useTodos(), useLanguage());
  if (filters.tag !== '' && !tags.includes(filters.tag)) tags.unshift(filters.tag);
  const set = (part: Partial<Filters>) => onChange({ ...filters, ...part });
  return (
    <div className={css['choices']}>
      <SelectField
        label={m.sort}
        value={filters.sort}
        options={SORTS.map((sort) => ({ value: sort, text: m[SORT_TEXT[sort]] }))}
        onChange={(sort) => set({ sort })}
      />
      <SelectField
        label={m.filterStatus}
        value={filters.status}
        options={STATUSES.map((status) => ({ value: status, text: m[STATUS_TEXT[status]] }))}
        onChange={(status) => set({ status })}
      />
      <SelectField
        label={m.filterDue}
        value={filters.due}
        options={DUES.map((due) => ({ value: due, text: m[DUE_TEXT[due]] }))}
        onChange={(due) => set({ due })}
      />
      <SelectField
        label={m.filterTag}
        value={filters.tag}
        options={[{ value: '', text: m.anyTag }, ...tags.map((tag) => ({ value: tag, text: tag }))]}
        onChange={(tag) => set({ tag })}
      />
      {hasFilters(filters) && (
        <Button
          onClick={() =>
            set({ due: 'any', tag: '', text: '', status: filters.view === 'completed' ? 'completed' : 'open' })
          }
        >
          {m.clearFilters}
        </Button>
      )}
    </div>
  );
}
