import { Suspense } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import type { Person } from '../auth/session';
import { wayBack } from '../auth/way-back';
import type { Config } from '../config';
import { Bones } from '../ui/controls';
import { Failsafe } from './failed-page';
import { Frame } from './frame';
import { NotFound } from './not-found-page';
import { ExportPage, InboxPage, ItemPage, ListPage, SettingsPage, UnsubscribePage, UsersPage } from './pages';
import { SignedInWork } from './signed-in-work';
import { useSearch } from './use-search';

const BEFORE_SIGN_IN = ['/sign-in', '/sign-up', '/confirm', '/forgot-password'];

/** All that somebody who is signed in sees. */
export default function SignedIn({ person, config }: { person: Person; config: Config }) {
  const [path] = useLocation();
  const search = useSearch();
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
                  <Redirect to={wayBack(search)} replace />
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
