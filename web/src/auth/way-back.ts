// Where somebody wanted to go who had to sign in first; the address of the sign-in page remembers it.

/** The sign-in page that leads to a path afterwards. */
export const signInFor = (path: string): string =>
  path === '/' ? '/sign-in' : `/sign-in?then=${encodeURIComponent(path)}`;

/** Where an address of the sign-in page leads: a path of this page alone, as `//elsewhere.example` is another site. */
export function wayBack(search: string): string {
  const path = new URLSearchParams(search).get('then');
  return path && /^\/(?![/\\])/.test(path) ? path : '/';
}
