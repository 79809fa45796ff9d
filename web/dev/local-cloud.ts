import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Connect, Plugin, ProxyOptions } from 'vite';

/** What `cargo xtask status --format json` says, as far as the page needs it. */
interface Status {
  endpoint: string;
  region: string;
  env: string;
  apis: Record<'todos' | 'users' | 'notifications', string>;
  websocket: string | null;
  user_pool_id: string;
  user_pool_client_id: string;
}

/**
 * Lets `npm run dev` and `npm run preview` use the local cloud that `cargo xtask up` has started: `/config.json` and
 * `/api/…` answer as they do behind the page's CDN. `BUSLINE_STATUS` names a file with the status, instead of asking.
 */
export function localCloud(): Plugin {
  return {
    name: 'busline-local-cloud',
    apply: 'serve',
    config() {
      const { apis } = readStatus();
      const proxy = {
        '^/api/todos': toApi(apis.todos),
        '^/api/(me|users|auth/)': toApi(apis.users),
        '^/api/(notifications|preferences|unsubscribe)': toApi(apis.notifications),
      };
      return { server: { host: '127.0.0.1', proxy }, preview: { host: '127.0.0.1', proxy } };
    },
    configureServer: ({ middlewares }) => serveConfig(middlewares),
    configurePreviewServer: ({ middlewares }) => serveConfig(middlewares),
  };
}

function toApi(api: string): ProxyOptions {
  const { origin, pathname } = new URL(api);
  return {
    target: origin,
    changeOrigin: true,
    rewrite: (path) => pathname.replace(/\/$/, '') + path.replace(/^\/api/, ''),
  };
}

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

function readStatus(): Status {
  const file = process.env['BUSLINE_STATUS'];
  const text = file
    ? readFileSync(file, 'utf8')
    : execFileSync('cargo', ['xtask', 'status', '--format', 'json'], { encoding: 'utf8', cwd: '..' });
  return JSON.parse(text) as Status;
}
