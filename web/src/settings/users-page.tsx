import type { Person } from '../auth/session';
export default function UsersPage(_: { person: Person }) {
  return null;
}
