import { CSPProvider } from '@base-ui/react/csp-provider';
import { QueryClientProvider } from '@tanstack/react-query';
import { Suspense } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { session, type SignOutReason } from '../auth/session';
import { signInPath } from '../auth/return-path';
import type { Config } from '../config';
import { useStore } from '../store';
import { Toaster } from '../ui/toaster';
import { ErrorBoundary, PageLoading } from './error-pages';
import { ConfirmPage, ForgotPasswordPage, SignedIn, SignInPage, SignUpPage, UnsubscribePage } from './pages';
import { queryClient } from './query-client';
import { useSearch } from './use-search';

/** The whole page. */
export function App({ config }: { config: Config }) {
  const current = useStore(session);
  return (
    // The content security policy forbids inline styles; the library's styles are in our style sheets.
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queryClient}>
        <Suspense fallback={<PageLoading />}>
          {current.state === 'signed-in' ? (
            <SignedIn key={current.user.id} user={current.user} config={config} />
          ) : (
            <SignedOut ended={current.state === 'signed-out' ? current.ended : null} />
          )}
        </Suspense>
        <Toaster />
      </QueryClientProvider>
    </CSPProvider>
  );
}

function SignedOut({ ended }: { ended: SignOutReason | null }) {
  return (
    <ErrorBoundary>
      <Switch>
        <Route path="/sign-in" component={SignInPage} />
        <Route path="/sign-up" component={SignUpPage} />
        <Route path="/confirm" component={ConfirmPage} />
        <Route path="/forgot-password" component={ForgotPasswordPage} />
        <Route path="/unsubscribe" component={UnsubscribePage} />
        <Route>
          <ToSignIn ended={ended} />
        </Route>
      </Switch>
    </ErrorBoundary>
  );
}

/** Remembers the requested page for after the sign-in, unless the user has signed out: the next user starts at the list. */
function ToSignIn({ ended }: { ended: SignOutReason | null }) {
  const [path] = useLocation();
  const search = useSearch();
  const comesBack = ended === null || ended === 'expired';
  return <Redirect to={signInPath(comesBack ? path + search : '/')} replace />;
}
