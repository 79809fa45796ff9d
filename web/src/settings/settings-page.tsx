import type { Person } from '../auth/session';
export default function SettingsPage(_: { person: Person }) {
  return null;
}
