import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Connect, Plugin, ProxyOptions } from 'vite';

/** The fields of `cargo xtask status --format json` that the page needs. */
interface Status {
  endpoint: string;
  region: string;
  env: string;
  /** The address of each deployed service's API. */
  apis: Record<string, string | null>;
  websocket: string | null;
  user_pool_id: string;
  user_pool_client_id: string;
}

/** The part of `cargo metadata` that describes services. */
interface Metadata {
  packages: { name: string; metadata: { busline?: { api?: string[] } } | null }[];
}

/**
 * Lets `npm run dev` and `npm run preview` use the local cloud that `cargo xtask up` has started: `/config.json` and
 * `/api/…` answer as they do at the deployed page's distribution. `BUSLINE_STATUS` names a file that holds the status;
 * without it, `cargo xtask status` is run.
 */
export function localCloud(): Plugin {
  return {
    name: 'busline-local-cloud',
    apply: 'serve',
    config() {
      const proxy = routes(readMetadata(), readStatus());
      return { server: { host: '127.0.0.1', proxy }, preview: { host: '127.0.0.1', proxy } };
    },
    configureServer: ({ middlewares }) => serveConfig(middlewares),
    configurePreviewServer: ({ middlewares }) => serveConfig(middlewares),
  };
}

/** The prefixes of each deployed service lead to its API; every other path below `/api` answers 404. */
function routes({ packages }: Metadata, { apis }: Status): Record<string, ProxyOptions> {
  const proxy: Record<string, ProxyOptions> = {};
  for (const { name, metadata } of packages) {
    const prefixes = metadata?.busline?.api;
    const api = apis[name];
    if (prefixes && api) proxy[`^/api(${prefixes.join('|')})([/?]|$)`] = toApi(api);
  }
  proxy['^/api([/?]|$)'] = { bypass: notDeployed };
  return proxy;
}

function toApi(api: string): ProxyOptions {
  const { origin, pathname } = new URL(api);
  return {
    target: origin,
    changeOrigin: true,
    rewrite: (path) => pathname.replace(/\/$/, '') + path.replace(/^\/api/, ''),
  };
}

/** The same answer as the distribution's (`infra/web.yaml`, PageFunction). */
const notDeployed: ProxyOptions['bypass'] = ({ url }, response) => {
  response?.writeHead(404, { 'content-type': 'application/problem+json' });
  response?.end('{"type":"about:blank","title":"Not Found","status":404}');
  // A path means that the request is not passed on.
  return url;
};

function serveConfig(middlewares: Connect.Server): void {
  middlewares.use('/config.json', (_request, response) => {
    const status = readStatus();
    const config = {
      region: status.region,
      userPoolId: status.user_pool_id,
      userPoolClientId: status.user_pool_client_id,
      cognitoEndpoint: status.endpoint,
      websocketUrl: status.websocket,
      env: status.env,
    };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(config));
  });
}

function readMetadata(): Metadata {
  return JSON.parse(cargo('metadata', '--no-deps', '--format-version', '1')) as Metadata;
}

function readStatus(): Status {
  const file = process.env['BUSLINE_STATUS'];
  return JSON.parse(file ? readFileSync(file, 'utf8') : cargo('xtask', 'status', '--format', 'json')) as Status;
}

function cargo(...command: string[]): string {
  return execFileSync('cargo', command, { encoding: 'utf8', cwd: '..', maxBuffer: 64 * 1024 * 1024 });
}
