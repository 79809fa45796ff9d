import { CSPProvider } from '@base-ui/react/csp-provider';
import { QueryClientProvider } from '@tanstack/react-query';
import { Suspense } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { session, type Ending } from '../auth/session';
import { signInFor } from '../auth/way-back';
import type { Config } from '../config';
import { useStore } from '../store';
import { Toaster } from '../ui/toaster';
import { Failsafe, PageOnItsWay } from './failed-page';
import { ConfirmPage, ForgotPasswordPage, SignedIn, SignInPage, SignUpPage, UnsubscribePage } from './pages';
import { queryClient } from './query-client';
import { useSearch } from './use-search';

/** The whole page. */
export function App({ config }: { config: Config }) {
  const current = useStore(session);
  return (
    // The content policy allows no inline styles; what the library would write in one is in our own sheets.
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queryClient}>
        <Suspense fallback={<PageOnItsWay />}>
          {current.state === 'signed-in' ? (
            <SignedIn key={current.person.id} person={current.person} config={config} />
          ) : (
            <SignedOut ended={current.state === 'signed-out' ? current.ended : null} />
          )}
        </Suspense>
        <Toaster />
      </QueryClientProvider>
    </CSPProvider>
  );
}

function SignedOut({ ended }: { ended: Ending | null }) {
  return (
    <Failsafe>
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
    </Failsafe>
  );
}

/** Remembers where somebody wanted to go, unless they have left by themselves: the next person begins anew. */
function ToSignIn({ ended }: { ended: Ending | null }) {
  const [path] = useLocation();
  const search = useSearch();
  const comesBack = ended === null || ended === 'expired';
  return <Redirect to={signInFor(comesBack ? path + search : '/')} replace />;
}
