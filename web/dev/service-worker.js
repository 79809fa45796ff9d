// The service worker, which keeps the page's own files on this device, so that it opens without a network. Answers of the
// services are never stored. `precache.ts` fills in the two constants and writes the file as `/sw.js`.
const FILES = __FILES__;
const CACHE = 'busline-page-__VERSION__';

self.addEventListener('install', (event) => event.waitUntil(store().then(() => self.skipWaiting())));
self.addEventListener('activate', (event) => event.waitUntil(deleteOldCaches()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin || pathname.startsWith('/api/')) return;
  if (request.mode === 'navigate' && !pathname.includes('.')) event.respondWith(newest(request, '/index.html'));
  else if (pathname === '/config.json') event.respondWith(newest(request, pathname));
  else if (FILES.includes(pathname) || pathname.startsWith('/assets/')) event.respondWith(stored(request));
});

/** Stores all files of this version. */
async function store() {
  const cache = await caches.open(CACHE);
  const requests = FILES.map(
    (path) => new Request(path, { cache: path.startsWith('/assets/') ? 'default' : 'reload' }),
  );
  await cache.addAll([...requests, new Request('/config.json', { cache: 'reload' })]);
  const html = await (await cache.match('/index.html')).text();
  const isOther = (html.match(/\/assets\/[^"]+/g) ?? []).some((path) => !FILES.includes(path));
  // During a deployment; the next visit tries again.
  if (isOther) throw new Error('index.html is of another version');
}

/** Keeps the cache before this one: a page that was opened earlier loads its parts from there. */
async function deleteOldCaches() {
  const others = (await caches.keys()).filter((name) => name.startsWith('busline-page-') && name !== CACHE);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
}

/** The server's answer; the stored file if there is none soon, or if the server has failed. */
async function newest(request, path) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(path);
  try {
    const answer = await fetch(request, kept && { signal: AbortSignal.timeout(8_000) });
    if (answer.status >= 500 && kept) return kept;
    if (path === '/config.json' && answer.ok) await cache.put(path, answer.clone());
    return answer;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

/** The stored file of any version: the names of files that change have a hash of their content. */
async function stored(request) {
  const cache = await caches.open(CACHE);
  const path = new URL(request.url).pathname;
  return (await cache.match(path)) ?? (await caches.match(path)) ?? fetch(request);
}
