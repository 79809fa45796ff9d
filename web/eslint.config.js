import { existsSync, readdirSync } from 'node:fs';
import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import tseslint from 'typescript-eslint';

// Without a service in the repository, the types of its API are `any` (scripts/api-types.mjs).
const used = new URL('src/api/generated/', import.meta.url);
const isServiceMissing = readdirSync(used).some(
  (file) => !existsSync(new URL(`../services/${file.replace('.d.ts', '')}/openapi.yaml`, import.meta.url)),
);
const RULES_AGAINST_ANY = [
  'no-redundant-type-constituents',
  'no-unsafe-argument',
  'no-unsafe-assignment',
  'no-unsafe-call',
  'no-unsafe-member-access',
  'no-unsafe-return',
];

export default tseslint.config(
  { ignores: ['dist', 'src/api/generated', 'test-results', 'playwright-report'] },
  js.configs.recommended,
  { files: ['scripts/**/*.mjs', 'eslint.config.js'], languageOptions: { globals: globals.node } },
  {
    files: ['dev/service-worker.js'],
    languageOptions: { globals: { ...globals.serviceworker, __FILES__: 'readonly' } },
  },
  { files: ['src/**/*.{ts,tsx}'], extends: [hooks.configs.flat['recommended-latest']] },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // Event handlers of components may be asynchronous; what they reject with is handled inside.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Markup from data could run a script of another user.
      'no-restricted-syntax': [
        'error',
        { selector: 'JSXAttribute[name.name="dangerouslySetInnerHTML"]', message: 'Render text, never markup.' },
        {
          selector: 'JSXAttribute[name.name="style"]',
          message: 'The content policy allows no inline styles: use a class.',
        },
      ],
    },
  },
  isServiceMissing
    ? {
        files: ['src/**/*.{ts,tsx}'],
        rules: Object.fromEntries(RULES_AGAINST_ANY.map((rule) => [`@typescript-eslint/${rule}`, 'off'])),
      }
    : {},
);
