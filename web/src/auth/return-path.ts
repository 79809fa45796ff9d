// The page to return to after the sign-in; the address of the sign-in page holds it.

/** The address of the sign-in page that returns to a path. */
export const signInPath = (path: string): string =>
  path === '/' ? '/sign-in' : `/sign-in?then=${encodeURIComponent(path)}`;

/**
 * The path to return to. Only paths of this site count: `//elsewhere.example` would be another site. Browsers read `\\` as
 * `/` and drop tabs and line breaks, so that the address is compared as they read it.
 */
export function returnPath(search: string): string {
  const path = new URLSearchParams(search).get('then') ?? '';
  const site = 'https://this.invalid';
  if (!path.startsWith('/') || !URL.canParse(path, site)) return '/';
  const address = new URL(path, site);
  const read = address.pathname + address.search + address.hash;
  return address.origin === site && !read.startsWith('//') ? read : '/';
}
