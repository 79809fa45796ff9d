import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { localCloud } from './dev/local-cloud.ts';
import { weigh } from './dev/weigh.ts';

export default defineConfig({
  plugins: [react(), weigh(), process.env['VITEST'] ? [] : localCloud()],
  build: {
    target: 'es2022',
    // Inlined files would be `data:` addresses, which the content policy refuses.
    assetsInlineLimit: 0,
    // All styles are some kilobytes: one file, asked for at once, is quicker than one for each part.
    cssCodeSplit: false,
    // Only browsers older than the target need it.
    modulePreload: { polyfill: false },
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
