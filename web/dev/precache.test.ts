import { readFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { serviceWorker } from './precache.ts';

const template = readFileSync('dev/service-worker.js', 'utf8');
const ORIGIN = 'https://page.example';

/** What the server has, by path; `null` without a network. */
let server: Map<string, string> | null;
let stores: Map<string, Map<string, Response>>;

beforeEach(() => {
  server = new Map([['/config.json', '{}']]);
  stores = new Map();
});

/** Deploys a version of the page: `index.html` and one script. */
function deploy(name: string): string {
  const paths = ['/index.html', `/assets/${name}.js`];
  server?.set('/index.html', `<script src="/assets/${name}.js"></script>`);
  server?.set(`/assets/${name}.js`, name);
  return serviceWorker(
    template,
    paths.map((path) => ({ path, hash: name })),
  );
}

type Handler = (event: Record<string, unknown>) => void;

/** Runs a service worker as a browser does; returns how it answers a request, `undefined` if it leaves that to the browser. */
async function install(source: string) {
  const handlers = new Map<string, Handler>();
  const scope = {
    location: { origin: ORIGIN },
    skipWaiting: () => undefined,
    addEventListener: (name: string, handler: Handler) => handlers.set(name, handler),
  };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the service worker is a separate script
  const run = new Function('self', 'caches', 'fetch', 'Request', source) as (...scope: unknown[]) => void;
  run(scope, storage, (request: { url: string }) => download(request.url), FakeRequest);
  for (const name of ['install', 'activate']) {
    let done: Promise<unknown> = Promise.resolve();
    handlers.get(name)?.({ waitUntil: (work: Promise<unknown>) => (done = work) });
    await done;
  }
  return async (path: string, mode = 'cors', method = 'GET') => {
    let answer: Promise<Response> | undefined;
    const request = { url: ORIGIN + path, mode, method };
    handlers.get('fetch')?.({ request, respondWith: (response: Promise<Response>) => (answer = response) });
    return answer && (await answer).text();
  };
}

class FakeRequest {
  readonly url: string;
  constructor(path: string) {
    this.url = ORIGIN + path;
  }
}

function download(url: string): Promise<Response> {
  const path = url.slice(ORIGIN.length);
  const text = server?.get(path.includes('.') ? path : '/index.html');
  if (!server) return Promise.reject(new TypeError('no network'));
  return Promise.resolve(text === undefined ? new Response('', { status: 403 }) : new Response(text));
}

const find = (store: Map<string, Response> | undefined, path: string) => Promise.resolve(store?.get(path)?.clone());

const storage = {
  keys: () => Promise.resolve([...stores.keys()]),
  delete: (name: string) => Promise.resolve(stores.delete(name)),
  match: (path: string) =>
    find(
      [...stores.values()].find((store) => store.has(path)),
      path,
    ),
  open: (name: string) => {
    const store = stores.get(name) ?? new Map<string, Response>();
    stores.set(name, store);
    return Promise.resolve({
      match: (path: string) => find(store, path),
      put: (path: string, response: Response) => Promise.resolve(void store.set(path, response)),
      addAll: async (requests: FakeRequest[]) => {
        for (const { url } of requests) store.set(url.slice(ORIGIN.length), await download(url));
      },
    });
  },
};

test('the page and its settings open without a network, at any address', async () => {
  const ask = await install(deploy('one'));
  server = null;
  expect(await ask('/inbox', 'navigate')).toContain('/assets/one.js');
  expect(await ask('/assets/one.js')).toBe('one');
  expect(await ask('/config.json')).toBe('{}');
});

test('answers of the services and changes are left to the browser', async () => {
  const ask = await install(deploy('one'));
  expect(await ask('/api/items')).toBeUndefined();
  expect(await ask('/config.json', 'cors', 'HEAD')).toBeUndefined();
  const paths = [...stores.values()].flatMap((store) => [...store.keys()]);
  expect(paths.sort()).toEqual(['/assets/one.js', '/config.json', '/index.html']);
});

test('after a deployment a visit shows the new version, and a page that is open still loads its parts', async () => {
  const old = await install(deploy('one'));
  const next = deploy('two');
  server?.delete('/assets/one.js');
  expect(await old('/', 'navigate')).toContain('/assets/two.js');
  const ask = await install(next);
  expect(await ask('/assets/one.js')).toBe('one');
  server?.delete('/assets/two.js');
  await install(deploy('three'));
  expect(stores.size).toBe(2);
});

test('a version that is still being uploaded is not stored as the page', async () => {
  await install(deploy('one'));
  const next = deploy('two');
  server?.set('/index.html', '<script src="/assets/one.js"></script>');
  await expect(install(next)).rejects.toThrow('another version');
});

test('a version changes with every byte of a file', () => {
  const one = serviceWorker(template, [{ path: '/a', hash: '1' }]);
  expect(serviceWorker(template, [{ path: '/a', hash: '2' }])).not.toBe(one);
  expect(serviceWorker(template, [{ path: '/a', hash: '1' }])).toBe(one);
});
