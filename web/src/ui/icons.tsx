import type { ReactNode } from 'react';

/** An icon that screen readers skip: the text beside it or the button's label names it. */
function icon(paths: ReactNode) {
  return function Icon({ size = 20 }: { size?: number }) {
    return (
      <svg
        width={size}
        height={size}
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.8"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
      >
        {paths}
      </svg>
    );
  };
}

export const CheckIcon = icon(<path d="M5.5 12.5l4.2 4.2L18.5 7.5" strokeWidth="2.4" />);
export const PlusIcon = icon(<path d="M12 5v14M5 12h14" />);
export const SearchIcon = icon(
  <>
    <circle cx="11" cy="11" r="6.5" />
    <path d="M16 16l4 4" />
  </>,
);
export const CloseIcon = icon(<path d="M6 6l12 12M18 6L6 18" />);
export const MoreIcon = icon(
  <>
    <circle cx="5.5" cy="12" r="1" fill="currentColor" />
    <circle cx="12" cy="12" r="1" fill="currentColor" />
    <circle cx="18.5" cy="12" r="1" fill="currentColor" />
  </>,
);
export const ListIcon = icon(<path d="M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5h.01M4.5 12h.01M4.5 17.5h.01" />);
export const TodayIcon = icon(
  <>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6l1.4 1.4M17 17l1.4 1.4M18.4 5.6L17 7M7 17l-1.4 1.4" />
  </>,
);
export const CalendarIcon = icon(
  <>
    <rect x="4" y="5.5" width="16" height="14.5" rx="2.5" />
    <path d="M4 10h16M8.5 3.5v4M15.5 3.5v4" />
  </>,
);
export const DoneIcon = icon(
  <>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M8.5 12.2l2.5 2.5 4.8-5" />
  </>,
);
export const InboxIcon = icon(
  <>
    <path d="M6.2 5h11.6l2.7 8.5V18a1.8 1.8 0 0 1-1.8 1.8H5.3A1.8 1.8 0 0 1 3.5 18v-4.5z" />
    <path d="M3.5 13.5h5a3.5 3.5 0 0 0 7 0h5" />
  </>,
);
export const SettingsIcon = icon(
  <>
    <path d="M4 7h9M17.5 7H20M4 17h2.5M11 17h9" />
    <circle cx="15" cy="7" r="2.3" />
    <circle cx="8.5" cy="17" r="2.3" />
  </>,
);
export const UsersIcon = icon(
  <>
    <circle cx="9" cy="8.5" r="3.2" />
    <path d="M3.5 19c.4-3.3 2.6-5 5.5-5s5.1 1.7 5.5 5M15.5 5.6a3 3 0 0 1 0 5.8M17.5 14.4c1.8.7 2.8 2.3 3 4.6" />
  </>,
);
export const FlagIcon = icon(<path d="M6 21V4.5c4-2 7.5 2 12 0v9c-4.5 2-8-2-12 0" />);
export const TagIcon = icon(
  <>
    <path d="M4 5.5A1.5 1.5 0 0 1 5.5 4h6L20 12.5 12.5 20 4 11.5z" />
    <path d="M8.2 8.2h.01" strokeWidth="2.4" />
  </>,
);
export const NoteIcon = icon(<path d="M5 7h14M5 12h14M5 17h8" />);
export const ClipIcon = icon(
  <path d="M19 11.5l-7.3 7.3a4.6 4.6 0 0 1-6.5-6.5L13 4.5a3.1 3.1 0 0 1 4.4 4.4l-7.6 7.5a1.5 1.5 0 0 1-2.2-2.2l6.7-6.6" />,
);
export const FileIcon = icon(
  <>
    <path d="M7 3.5h7l4.5 4.5v11a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 19V5A1.5 1.5 0 0 1 7 3.5z" />
    <path d="M13.5 3.5V8.5H18.5" />
  </>,
);
export const TrashIcon = icon(
  <path d="M4.5 6.5h15M9.5 6.5V4.3h5v2.2M6.5 6.5l.9 12a1.6 1.6 0 0 0 1.6 1.5h6a1.6 1.6 0 0 0 1.6-1.5l.9-12M10 10.5v5.5M14 10.5v5.5" />,
);
export const PenIcon = icon(<path d="M4.5 19.5l.9-4L15.8 5.1a2.1 2.1 0 0 1 3 3L8.5 18.5z" />);
export const BackIcon = icon(<path d="M19.5 12h-15M11 5.5L4.5 12l6.5 6.5" />);
export const RetryIcon = icon(<path d="M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.5 4v4h-4" />);
export const DownloadIcon = icon(<path d="M12 4v11M7 10.5l5 5 5-5M4.5 20h15" />);
export const SortIcon = icon(<path d="M8 5v14M8 19l-3.5-3.5M8 5L4.5 8.5M13 7h7M13 12h5M13 17h3" />);
export const FilterIcon = icon(<path d="M4 6.5h16M7 12h10M10 17.5h4" />);
export const HelpIcon = icon(
  <>
    <rect x="3" y="6.5" width="18" height="11" rx="2" />
    <path d="M7 10.5h.01M10.3 10.5h.01M13.7 10.5h.01M17 10.5h.01M8 14h8" />
  </>,
);
export const EyeIcon = icon(
  <>
    <path d="M3 12c2-4 5-6 9-6s7 2 9 6c-2 4-5 6-9 6s-7-2-9-6z" />
    <circle cx="12" cy="12" r="2.6" />
  </>,
);
export const DetailsIcon = icon(<path d="M9.5 5.5L16 12l-6.5 6.5" />);
