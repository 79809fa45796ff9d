import { Suspense, useEffect } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import type { User } from '../auth/session';
import { returnPath } from '../auth/return-path';
import type { Config } from '../config';
import { screenKey } from '../todos/data';
import { readFilters } from '../todos/filters';
import { Skeleton } from '../ui/controls';
import { whenIdle } from '../ui/when-idle';
import { useNavigationFocus } from './navigation-focus';
import { ErrorBoundary, PageLoading } from './error-pages';
import { Frame } from './frame';
import { NotFound } from './not-found-page';
import {
  DeletedPage,
  ExportPage,
  InboxPage,
  ItemPage,
  ListPage,
  SettingsPage,
  UnsubscribePage,
  UsersPage,
  preloadOthers,
} from './pages';
import { BackgroundTasks } from './background-tasks';
import { useSearch } from './use-search';

const BEFORE_SIGN_IN = ['/sign-in', '/sign-up', '/confirm', '/forgot-password'];

/** The pages of a signed-in user. */
export default function SignedIn({ user, config }: { user: User; config: Config }) {
  const [path] = useLocation();
  const search = useSearch();
  const place = placeOf(path, search);
  useNavigationFocus(place, `${path}${search}`);
  useEffect(() => whenIdle(preloadOthers), []);
  if (path === '/unsubscribe') return <UnsubscribePage />;
  return (
    <>
      <Frame user={user}>
        <ErrorBoundary place={place}>
          <Suspense
            fallback={
              <PageLoading>
                <Skeleton />
              </PageLoading>
            }
          >
            <Switch>
              <Route path="/" component={ListPage} />
              <Route path="/todos/:id">{({ id }) => <ItemPage key={screenKey(id)} id={id} />}</Route>
              <Route path="/deleted" component={DeletedPage} />
              <Route path="/inbox" component={InboxPage} />
              <Route path="/settings">
                <SettingsPage user={user} />
              </Route>
              <Route path="/export" component={ExportPage} />
              <Route path="/users">
                <UsersPage user={user} />
              </Route>
              {BEFORE_SIGN_IN.map((before) => (
                <Route key={before} path={before}>
                  <Redirect to={returnPath(search)} replace />
                </Route>
              ))}
              <Route component={NotFound} />
            </Switch>
          </Suspense>
        </ErrorBoundary>
      </Frame>
      {/* Last, so that what a page saves when it closes still belongs to the user who was signed in. */}
      <BackgroundTasks user={user} config={config} />
    </>
  );
}

/** The page or view that an address shows. A new item keeps this key when it gets its id from the service. */
function placeOf(path: string, search: string): string {
  if (path === '/') return readFilters(new URLSearchParams(search)).view;
  const id = /^\/todos\/(.+)$/.exec(path)?.[1];
  return id === undefined ? path : screenKey(id);
}
