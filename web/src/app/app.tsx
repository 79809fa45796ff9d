import { CSPProvider } from '@base-ui/react/csp-provider';
import { QueryClientProvider } from '@tanstack/react-query';
import { Suspense } from 'react';
import { Redirect, Route, Switch, useLocation, useSearch } from 'wouter';
import { session, type Person } from '../auth/session';
import type { Config } from '../config';
import { useStore } from '../store';
import { Bones } from '../ui/controls';
import { Toaster } from '../ui/toaster';
import { Failsafe } from './failed-page';
import { Frame } from './frame';
import { NotFound } from './not-found-page';
import {
  ConfirmPage,
  ExportPage,
  ForgotPasswordPage,
  InboxPage,
  ItemPage,
  ListPage,
  SettingsPage,
  SignInPage,
  SignUpPage,
  UnsubscribePage,
  UsersPage,
} from './pages';
import { queryClient } from './query-client';
import { SignedInWork } from './signed-in-work';

/** The whole page. */
export function App({ config }: { config: Config }) {
  const current = useStore(session);
  return (
    // The content policy allows no inline styles; what the library would write in one is in our own sheets.
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queryClient}>
        <Suspense fallback={null}>
          {current.state === 'signed-in' ? <SignedIn person={current.person} config={config} /> : <SignedOut />}
        </Suspense>
        <Toaster />
      </QueryClientProvider>
    </CSPProvider>
  );
}

function SignedOut() {
  return (
    <Failsafe>
      <Switch>
        <Route path="/sign-in" component={SignInPage} />
        <Route path="/sign-up" component={SignUpPage} />
        <Route path="/confirm" component={ConfirmPage} />
        <Route path="/forgot-password" component={ForgotPasswordPage} />
        <Route path="/unsubscribe" component={UnsubscribePage} />
        <Route component={ToSignIn} />
      </Switch>
    </Failsafe>
  );
}

/** Remembers where somebody wanted to go. */
function ToSignIn() {
  const [path] = useLocation();
  const search = useSearch();
  const here = search ? `${path}?${search}` : path;
  return <Redirect to={here === '/' ? '/sign-in' : `/sign-in?then=${encodeURIComponent(here)}`} replace />;
}

const BEFORE_SIGN_IN = ['/sign-in', '/sign-up', '/confirm', '/forgot-password'];

function SignedIn({ person, config }: { person: Person; config: Config }) {
  const [path] = useLocation();
  if (path === '/unsubscribe') return <UnsubscribePage />;
  return (
    <>
      <SignedInWork person={person} config={config} />
      <Frame person={person}>
        <Failsafe key={path}>
          <Suspense fallback={<Bones />}>
            <Switch>
              <Route path="/" component={ListPage} />
              <Route path="/todos/:id">{({ id }) => <ItemPage key={id} id={id} />}</Route>
              <Route path="/inbox" component={InboxPage} />
              <Route path="/settings">
                <SettingsPage person={person} />
              </Route>
              <Route path="/export" component={ExportPage} />
              <Route path="/users">
                <UsersPage person={person} />
              </Route>
              {BEFORE_SIGN_IN.map((before) => (
                <Route key={before} path={before}>
                  <Redirect to="/" replace />
                </Route>
              ))}
              <Route component={NotFound} />
            </Switch>
          </Suspense>
        </Failsafe>
      </Frame>
    </>
  );
}
