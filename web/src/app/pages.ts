// The pages, each loaded when it is first visited.
import { lazy } from 'react';

const signedIn = () => import('./signed-in');
const list = () => import('../todos/list-page');
const inbox = () => import('../inbox/inbox-page');
const settings = () => import('../settings/settings-page');
const signIn = () => import('../auth/sign-in-page');

export const SignedIn = lazy(signedIn);
export const SignInPage = lazy(signIn);
export const SignUpPage = lazy(() => import('../auth/sign-up-page'));
export const ConfirmPage = lazy(() => import('../auth/confirm-page'));
export const ForgotPasswordPage = lazy(() => import('../auth/forgot-password-page'));
export const ListPage = lazy(list);
export const ItemPage = lazy(() => import('../todos/item-page'));
export const InboxPage = lazy(inbox);
export const SettingsPage = lazy(settings);
export const ExportPage = lazy(() => import('../settings/export-page'));
export const UnsubscribePage = lazy(() => import('../settings/unsubscribe-page'));
export const UsersPage = lazy(() => import('../settings/users-page'));

/** Fetches the page that is most likely next while the rest starts; a wrong guess costs nothing but the bytes. */
export function preloadFirst(): void {
  const isKnown = Object.keys(localStorage).some((key) => key.endsWith('.LastAuthUser'));
  const pages: Record<string, () => Promise<unknown>> = { '/inbox': inbox, '/settings': settings };
  const visited = pages[location.pathname] ?? list;
  const parts = isKnown ? [signedIn(), visited()] : [signIn()];
  // A failure shows when the page is visited.
  Promise.all(parts).catch(() => undefined);
}
