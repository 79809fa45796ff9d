// The pages, each loaded when it is first visited.
import { lazy } from 'react';

const signedIn = () => import('./signed-in');
const list = () => import('../todos/list-page');
const signIn = () => import('../auth/sign-in-page');

export const SignedIn = lazy(signedIn);
export const SignInPage = lazy(signIn);
export const SignUpPage = lazy(() => import('../auth/sign-up-page'));
export const ConfirmPage = lazy(() => import('../auth/confirm-page'));
export const ForgotPasswordPage = lazy(() => import('../auth/forgot-password-page'));
export const ListPage = lazy(list);
export const ItemPage = lazy(() => import('../todos/item-page'));
export const InboxPage = lazy(() => import('../inbox/inbox-page'));
export const SettingsPage = lazy(() => import('../settings/settings-page'));
export const ExportPage = lazy(() => import('../settings/export-page'));
export const UnsubscribePage = lazy(() => import('../settings/unsubscribe-page'));
export const UsersPage = lazy(() => import('../settings/users-page'));

/** Fetches the page that is most likely next while the rest starts; a wrong guess costs nothing but the bytes. */
export function preloadFirst(): void {
  const isKnown = Object.keys(localStorage).some((key) => key.endsWith('.LastAuthUser'));
  const parts = isKnown ? [signedIn(), list()] : [signIn()];
  // A failure shows when the page is visited.
  Promise.all(parts).catch(() => undefined);
}
