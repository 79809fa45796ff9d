import { useInfiniteQuery } from '@tanstack/react-query';
import { body, usersApi } from '../api/clients';
import { useTitle } from '../app/use-title';
import type { User } from '../auth/session';
import { useLanguage, useMessages } from '../i18n/i18n';
import { formatDateTime, useTimeZone } from '../i18n/time';
import { Button, Empty } from '../ui/controls';
import { UsersIcon } from '../ui/icons';
import { Loaded } from './section';
import css from './settings-page.module.css';

/** All users, for administrators; the service checks the role. */
export default function UsersPage({ user }: { user: User }) {
  const m = useMessages();
  useTitle(m.usersTitle);
  if (!user.isAdmin) {
    return (
      <Empty glyph={<UsersIcon size={28} />} heading="h1" title={m.usersTitle}>
        <p>{m.usersForbidden}</p>
      </Empty>
    );
  }
  return <Users />;
}

function Users() {
  const m = useMessages();
  const language = useLanguage();
  const zone = useTimeZone();
  const users = useInfiniteQuery({
    queryKey: ['users'],
    queryFn: ({ pageParam }) => {
      const query = { limit: 50, ...(pageParam !== null && { cursor: pageParam }) };
      return body(usersApi.GET('/users', { params: { query } }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
  });
  return (
    <div className={css['page']}>
      <h1>{m.usersTitle}</h1>
      <Loaded query={users}>
        {({ pages }) => (
          // Focusable, because it may be wider than the screen and must scroll by keyboard.
          <div className={css['scroll']} tabIndex={0} role="region" aria-label={m.usersTitle}>
            <table className={css['table']}>
              <thead>
                <tr>
                  <th scope="col">{m.displayName}</th>
                  <th scope="col">{m.email}</th>
                  <th scope="col">{m.registered}</th>
                </tr>
              </thead>
              <tbody>
                {pages
                  .flatMap(({ items }) => items)
                  .map((user) => (
                    <tr key={user.id}>
                      <td>
                        <bdi>{user.displayName}</bdi>
                      </td>
                      <td>
                        <bdi>{user.email}</bdi>
                      </td>
                      <td>{formatDateTime(user.registeredAt, language, zone)}</td>
                    </tr>
                  ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
      {users.hasNextPage && <Button onClick={() => void users.fetchNextPage()}>{m.loadMore}</Button>}
    </div>
  );
}
