import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { localCloud } from './dev/local-cloud.ts';
import { bundleReport } from './dev/bundle-report.ts';
import { precache } from './dev/precache.ts';

export default defineConfig({
  plugins: [react(), bundleReport(), precache(), process.env['VITEST'] ? [] : localCloud()],
  build: {
    target: 'es2022',
    // Inlined files would be `data:` addresses, which the content policy refuses.
    assetsInlineLimit: 0,
    // All styles are some kilobytes: one file, requested at once, is quicker than one for each part.
    cssCodeSplit: false,
    // Only browsers older than the target need it.
    modulePreload: { polyfill: false },
    // One file for each step of a visit, not one for each shared module: every further file is a further request before the
    // first paint.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'start', tags: ['$initial'] },
            { name: 'form', test: /\/src\/auth\/use-form\.ts$/ },
            { name: 'signed-in', test: /\/src\/app\/signed-in\.tsx$/ },
            { name: 'auth', test: /\/src\/auth\/cognito\.ts$/ },
          ],
        },
      },
    },
  },
  test: { environment: 'node', include: ['src/**/*.test.ts', 'dev/**/*.test.ts'] },
});
