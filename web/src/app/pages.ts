// The pages. Each is loaded when it is first visited, or earlier when the browser is idle.
import { page } from './lazy-page';

const signedIn = () => import('./signed-in');
const list = () => import('../todos/list-page');
const item = () => import('../todos/item-page');
const deleted = () => import('../todos/deleted-page');
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
export const DeletedPage = page(deleted);
export const InboxPage = page(inbox);
export const SettingsPage = page(settings);
export const ExportPage = page(() => import('../settings/export-page'));
export const UnsubscribePage = page(() => import('../settings/unsubscribe-page'));
export const UsersPage = page(() => import('../settings/users-page'));

/** Loads the most likely next page while the app starts; a wrong guess costs only its bytes. */
export function preloadFirst(): void {
  const isKnown = Object.keys(localStorage).some((key) => key.endsWith('.LastAuthUser'));
  const paths: Record<string, () => Promise<unknown>> = { '/inbox': inbox, '/settings': settings };
  const visited = paths[location.pathname] ?? list;
  const parts = isKnown ? [signedIn(), visited()] : [signIn()];
  // A failure is shown when the page is visited.
  Promise.all(parts).catch(() => undefined);
}

/** Loads the other common pages, so that they are available offline. */
export const preloadOthers = (): Promise<unknown> => Promise.all([list(), item(), deleted(), inbox(), settings()]);
