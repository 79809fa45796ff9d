import { mkdirSync, writeFileSync } from 'node:fs';
import type { Plugin } from 'vite';

/** Writes the imports of each file of the build for `npm run size`; outside of the build, so that it is not deployed. */
export function bundleReport(): Plugin {
  return {
    name: 'busline-bundleReport',
    apply: 'build',
    writeBundle(_options, bundle) {
      const chunks = Object.values(bundle).flatMap((output) =>
        output.type === 'chunk'
          ? [{ file: output.fileName, module: output.facadeModuleId, imports: output.imports, css: cssOf(output) }]
          : [],
      );
      mkdirSync('node_modules/.cache', { recursive: true });
      writeFileSync('node_modules/.cache/chunks.json', JSON.stringify(chunks));
    },
  };
}

function cssOf(chunk: object): string[] {
  const { viteMetadata } = chunk as { viteMetadata?: { importedCss: Set<string> } };
  return [...(viteMetadata?.importedCss ?? [])];
}
