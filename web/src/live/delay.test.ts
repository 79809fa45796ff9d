import { expect, test } from 'vitest';
import { reconnectDelay } from './delay';

test('delays grow to half a minute and are randomised', () => {
  expect(reconnectDelay(0, 0)).toBe(250);
  expect(reconnectDelay(0, 1)).toBe(500);
  expect(reconnectDelay(3, 1)).toBe(4_000);
  expect(reconnectDelay(40, 1)).toBe(30_000);
  expect(reconnectDelay(40, 0)).toBe(15_000);
});
