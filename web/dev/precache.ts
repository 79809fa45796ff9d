import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

/** Writes the service worker with the list of all files of the build. */
export function precache(): Plugin {
  return {
    name: 'busline-precache',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const built = Object.values(bundle).map((file) =>
        content(file.fileName, 'code' in file ? file.code : file.source),
      );
      const copied = readdirSync('public').map((name) => content(name, readFileSync(`public/${name}`)));
      const source = serviceWorker(readFileSync('dev/service-worker.js', 'utf8'), [...built, ...copied]);
      this.emitFile({ type: 'asset', fileName: 'sw.js', source });
    },
  };
}

interface Content {
  path: string;
  hash: string;
}

function content(name: string, bytes: string | Uint8Array): Content {
  return { path: `/${name}`, hash: createHash('sha256').update(bytes).digest('hex') };
}

/** Fills in the files, and a version that changes with every byte of them. */
export function serviceWorker(template: string, files: Content[]): string {
  const sorted = files
    .filter(({ path }) => path !== '/robots.txt')
    .sort((one, other) => (one.path < other.path ? -1 : 1));
  const version = createHash('sha256')
    .update(template + JSON.stringify(sorted))
    .digest('hex')
    .slice(0, 16);
  const paths = JSON.stringify(sorted.map(({ path }) => path));
  return template.replace('__FILES__', paths).replace('__VERSION__', version);
}
