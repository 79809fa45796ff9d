// The pages, each loaded when it is first visited, or before, once there is time.
import { page } from './page-code';

const signedIn = () => import('./signed-in');
const list = () => import('../todos/list-page');
const item = () => import('../todos/item-page');
const inbox = () => import('../inbox/inbox-page');
const settings = () => import('../settings/settings-page');
const signIn = () => import('../auth/sign-in-page');

export const SignedIn = page(signedIn);
export const SignInPage = page(signIn);
export const SignUpPage = page(() => import('../auth/sign-up-page'));
export const ConfirmPage = page(() => import('../auth/confirm-page'));
export const ForgotPasswordPage = page(() => import('../auth/forgot-password-page'));
export const ListPage = page(list);
export const ItemPage = page(item);
export const InboxPage = page(inbox);
export const SettingsPage = page(settings);
export const ExportPage = page(() => import('../settings/export-page'));
export const UnsubscribePage = page(() => import('../settings/unsubscribe-page'));
export const UsersPage = page(() => import('../settings/users-page'));

/** Fetches the page that is most likely next while the rest starts; a wrong guess costs nothing but the bytes. */
export function preloadFirst(): void {
  const isKnown = Object.keys(localStorage).some((key) => key.endsWith('.LastAuthUser'));
  const paths: Record<string, () => Promise<unknown>> = { '/inbox': inbox, '/settings': settings };
  const visited = paths[location.pathname] ?? list;
  const parts = isKnown ? [signedIn(), visited()] : [signIn()];
  // A failure shows when the page is visited.
  Promise.all(parts).catch(() => undefined);
}

/** Fetches the pages around the list, so that they are there offline too. */
export const preloadOthers = (): Promise<unknown> => Promise.all([list(), item(), inbox(), settings()]);
