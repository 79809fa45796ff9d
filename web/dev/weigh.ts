import { mkdirSync, writeFileSync } from 'node:fs';
import type { Plugin } from 'vite';

/** Writes which file needs which, for `npm run size`; beside the build, as it is nothing that anybody should load. */
export function weigh(): Plugin {
  return {
    name: 'busline-weigh',
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
