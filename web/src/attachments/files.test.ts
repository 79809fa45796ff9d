import { expect, test } from 'vitest';
import { isOverdue, MAX_BYTES, findRejection, sanitizeName, formatSize } from './files';

test('a file is refused before it is sent where the service would refuse it', () => {
  expect(findRejection({ size: 1, type: 'image/png' })).toBeNull();
  expect(findRejection({ size: MAX_BYTES, type: 'application/pdf' })).toBeNull();
  expect(findRejection({ size: MAX_BYTES + 1, type: 'application/pdf' })).toBe('too-large');
  expect(findRejection({ size: 0, type: 'text/plain' })).toBe('empty');
  expect(findRejection({ size: 1, type: 'text/html' })).toBe('wrong-type');
  expect(findRejection({ size: 1, type: '' })).toBe('wrong-type');
});

test('a file name is one line and keeps its extension', () => {
  expect(sanitizeName(' holiday.png ')).toBe('holiday.png');
  expect(sanitizeName('a\nb.png')).toBe('a b.png');
  expect(sanitizeName(`${'x'.repeat(300)}.png`)).toBe(`${'x'.repeat(196)}.png`);
  expect(sanitizeName('\u0007')).toBe('file');
});

test('sizes are short', () => {
  expect(formatSize(512, 'en')).toBe('512 B');
  expect(formatSize(3_400, 'en')).toBe('3.3 KB');
  expect(formatSize(3_400, 'de')).toBe('3,3 KB');
  expect(formatSize(51_000_000, 'en')).toBe('49 MB');
  expect(formatSize(MAX_BYTES, 'en')).toBe('50 MB');
  expect(formatSize(0, 'en')).toBe('0 B');
  expect(formatSize(1_023, 'en')).toBe('1,023 B');
  expect(formatSize(1_024, 'en')).toBe('1 KB');
  expect(formatSize(5 * 1_024 ** 3, 'en')).toBe('5 GB');
  expect(formatSize(1.5 * 1_024 ** 3, 'de')).toBe('1,5 GB');
});

test('an upload is overdue after its time limit', () => {
  const file = { status: 'uploading', createdAt: '2026-11-21T08:00:00Z' };
  expect(isOverdue(file, new Date('2026-11-21T08:09:00Z'))).toBe(false);
  expect(isOverdue(file, new Date('2026-11-21T08:11:00Z'))).toBe(true);
  expect(isOverdue({ ...file, status: 'ready' }, new Date('2026-11-22T08:00:00Z'))).toBe(false);
});
