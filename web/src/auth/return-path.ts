// The page to return to after the sign-in; the address of the sign-in page holds it.

/** The address of the sign-in page that returns to a path. */
export const signInPath = (path: string): string =>
  path === '/' ? '/sign-in' : `/sign-in?then=${encodeURIComponent(path)}`;

/** The path to return to. Only paths of this site count: `//elsewhere.example` would be another site. */
export function returnPath(search: string): string {
  const path = new URLSearchParams(search).get('then');
  return path && /^\/(?![/\\])/.test(path) ? path : '/';
}
