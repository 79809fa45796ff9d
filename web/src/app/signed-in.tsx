import { Suspense, useEffect } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import type { Person } from '../auth/session';
import { wayBack } from '../auth/way-back';
import type { Config } from '../config';
import { screenKey } from '../todos/data';
import { readFilters } from '../todos/filters';
import { Bones } from '../ui/controls';
import { whenIdle } from '../ui/when-idle';
import { useArrival } from './arrival';
import { Failsafe, PageOnItsWay } from './failed-page';
import { Frame } from './frame';
import { NotFound } from './not-found-page';
import {
  ExportPage,
  InboxPage,
  ItemPage,
  ListPage,
  SettingsPage,
  UnsubscribePage,
  UsersPage,
  preloadOthers,
} from './pages';
import { SignedInWork } from './signed-in-work';
import { useSearch } from './use-search';

const BEFORE_SIGN_IN = ['/sign-in', '/sign-up', '/confirm', '/forgot-password'];

/** All that somebody who is signed in sees. */
export default function SignedIn({ person, config }: { person: Person; config: Config }) {
  const [path] = useLocation();
  const search = useSearch();
  const place = placeOf(path, search);
  useArrival(place, `${path}${search}`);
  useEffect(() => whenIdle(preloadOthers), []);
  if (path === '/unsubscribe') return <UnsubscribePage />;
  return (
    <>
      <Frame person={person}>
        <Failsafe place={place}>
          <Suspense
            fallback={
              <PageOnItsWay>
                <Bones />
              </PageOnItsWay>
            }
          >
            <Switch>
              <Route path="/" component={ListPage} />
              <Route path="/todos/:id">{({ id }) => <ItemPage key={screenKey(id)} id={id} />}</Route>
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
      {/* Last: what a page saves as it goes is still the work of who was signed in. */}
      <SignedInWork person={person} config={config} />
    </>
  );
}

/** Names what an address shows: a page, or a view of the list. An item that gets its own id is still the same. */
function placeOf(path: string, search: string): string {
  if (path === '/') return readFilters(new URLSearchParams(search)).view;
  const id = /^\/todos\/(.+)$/.exec(path)?.[1];
  return id === undefined ? path : screenKey(id);
}
