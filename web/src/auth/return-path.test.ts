import { expect, test } from 'vitest';
import { signInPath, returnPath } from './return-path';

test('after the sign-in the user returns to the requested page', () => {
  expect(returnPath(new URL(signInPath('/?view=today'), 'https://page.example').search)).toBe('/?view=today');
  expect(returnPath(new URL(signInPath('/'), 'https://page.example').search)).toBe('/');
});

test('the return path never leads to another site', () => {
  for (const path of ['//elsewhere.example', '/\\elsewhere.example', 'https://elsewhere.example', '']) {
    expect(returnPath(`?then=${encodeURIComponent(path)}`)).toBe('/');
  }
});
