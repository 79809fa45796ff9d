import { expect, test } from 'vitest';
import { signInPath, returnPath } from './return-path';

test('after the sign-in the user returns to the requested page', () => {
  expect(returnPath(new URL(signInPath('/?view=today'), 'https://page.example').search)).toBe('/?view=today');
  expect(returnPath(new URL(signInPath('/'), 'https://page.example').search)).toBe('/');
});

test('the return path never leads to another site', () => {
  const elsewhere = [
    '//elsewhere.example',
    '/\\elsewhere.example',
    '/\t/elsewhere.example/x',
    '/\n\\elsewhere.example',
    '/\r\n//elsewhere.example',
    '\t//elsewhere.example',
    '/..//elsewhere.example',
    '/.//elsewhere.example',
    '//elsewhere.example:port',
    'https://elsewhere.example',
    'javascript:alert(1)',
    'elsewhere',
    '',
  ];
  for (const path of elsewhere) {
    expect(returnPath(`?then=${encodeURIComponent(path)}`)).toBe('/');
  }
});

test('a path with unusual characters stays a path of this site', () => {
  const then = (path: string) => returnPath(`?then=${encodeURIComponent(path)}`);
  expect(then('/todos?text=//a#b')).toBe('/todos?text=//a#b');
  expect(then('/%09/elsewhere.example')).toBe('/%09/elsewhere.example');
  expect(then('/a/../export')).toBe('/export');
});
