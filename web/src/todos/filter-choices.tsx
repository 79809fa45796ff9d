import { useLanguage, useMessages } from '../i18n/i18n';
import { Button } from '../ui/controls';
import { SelectField } from '../ui/select-field';
import { useTodos } from './data';
import css from './filter-bar.module.css';
import { DUES, hasFilters, SORTS, STATUSES, type Filters } from './filters';
import { tagsOf } from './tags';

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

interface Props {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

/** The choices of order, status, due time and tag. */
export default function FilterChoices({ filters, onChange }: Props) {
  const m = useMessages();
  const tags = tagsOf(useTodos(), useLanguage());
  if (filters.tag !== '' && !tags.includes(filters.tag)) tags.unshift(filters.tag);
  const set = (part: Partial<Filters>) => onChange({ ...filters, ...part });
  return (
    <div className={css['choices']}>
      <SelectField
        label={m.sort}
        value={filters.sort}
        options={SORTS.map((sort) => ({ value: sort, label: m[SORT_TEXT[sort]] }))}
        onChange={(sort) => set({ sort })}
      />
      <SelectField
        label={m.filterStatus}
        value={filters.status}
        options={STATUSES.map((status) => ({ value: status, label: m[STATUS_TEXT[status]] }))}
        onChange={(status) => set({ status })}
      />
      <SelectField
        label={m.filterDue}
        value={filters.due}
        options={DUES.map((due) => ({ value: due, label: m[DUE_TEXT[due]] }))}
        onChange={(due) => set({ due })}
      />
      <SelectField
        label={m.filterTag}
        value={filters.tag}
        options={[{ value: '', label: m.anyTag }, ...tags.map((tag) => ({ value: tag, label: tag }))]}
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
