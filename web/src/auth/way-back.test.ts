import { expect, test } from 'vitest';
import { signInFor, wayBack } from './way-back';

test('the way back leads to where somebody wanted to go', () => {
  expect(wayBack(new URL(signInFor('/?view=today'), 'https://page.example').search)).toBe('/?view=today');
  expect(wayBack(new URL(signInFor('/'), 'https://page.example').search)).toBe('/');
});

test('no way back leads to another site', () => {
  for (const path of ['//elsewhere.example', '/\\elsewhere.example', 'https://elsewhere.example', '']) {
    expect(wayBack(`?then=${encodeURIComponent(path)}`)).toBe('/');
  }
});
