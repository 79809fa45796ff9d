// The icons of lucide that the page uses, by what they mean here. Screen readers skip them: the text beside an icon or the
// label of its button names it.
import {
  ArrowLeft,
  Calendar,
  Check,
  ChevronDown,
  ChevronLeft,
  ChevronRight,
  CircleCheck,
  Download,
  Ellipsis,
  Eye,
  EyeOff,
  File,
  Flag,
  Inbox,
  Keyboard,
  List,
  ListFilter,
  Paperclip,
  Pencil,
  Plus,
  RotateCw,
  Search,
  SlidersHorizontal,
  Sun,
  Tag,
  TextAlignStart,
  Trash2,
  Users,
  X,
  type LucideIcon,
} from 'lucide-react';

/** An icon in the page's size and weight. */
function icon(Glyph: LucideIcon, strokeWidth = 1.8) {
  return function Icon({ size = 20 }: { size?: number }) {
    return <Glyph size={size} strokeWidth={strokeWidth} aria-hidden="true" focusable="false" />;
  };
}

export const BackIcon = icon(ArrowLeft);
export const CalendarIcon = icon(Calendar);
export const CheckIcon = icon(Check, 2.6);
export const ClipIcon = icon(Paperclip);
export const CloseIcon = icon(X);
export const DetailsIcon = icon(ChevronRight);
export const DoneIcon = icon(CircleCheck);
export const DownloadIcon = icon(Download);
export const DropDownIcon = icon(ChevronDown);
export const EyeIcon = icon(Eye);
export const EyeOffIcon = icon(EyeOff);
export const FileIcon = icon(File);
export const FilterIcon = icon(ListFilter);
export const FlagIcon = icon(Flag);
export const HelpIcon = icon(Keyboard);
export const InboxIcon = icon(Inbox);
export const ListIcon = icon(List);
export const MoreIcon = icon(Ellipsis);
export const NextIcon = icon(ChevronRight);
export const NoteIcon = icon(TextAlignStart);
export const PenIcon = icon(Pencil);
export const PlusIcon = icon(Plus, 2);
export const PreviousIcon = icon(ChevronLeft);
export const RetryIcon = icon(RotateCw);
export const SearchIcon = icon(Search);
export const SettingsIcon = icon(SlidersHorizontal);
export const TagIcon = icon(Tag);
export const TodayIcon = icon(Sun);
export const TrashIcon = icon(Trash2);
export const UsersIcon = icon(Users);
