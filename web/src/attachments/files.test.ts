import { expect, test } from 'vitest';
import { isOverdue, LARGEST, refusalOf, sendableName, sizeInWords } from './files';

test('a file is refused before it is sent where the service would refuse it', () => {
  expect(refusalOf({ size: 1, type: 'image/png' })).toBeNull();
  expect(refusalOf({ size: LARGEST, type: 'application/pdf' })).toBeNull();
  expect(refusalOf({ size: LARGEST + 1, type: 'application/pdf' })).toBe('too-large');
  expect(refusalOf({ size: 0, type: 'text/plain' })).toBe('empty');
  expect(refusalOf({ size: 1, type: 'text/html' })).toBe('wrong-type');
  expect(refusalOf({ size: 1, type: '' })).toBe('wrong-type');
});

test('a name is one line that keeps its ending', () => {
  expect(sendableName(' holiday.png ')).toBe('holiday.png');
  expect(sendableName('a\nb.png')).toBe('a b.png');
  expect(sendableName(`${'x'.repeat(300)}.png`)).toBe(`${'x'.repeat(196)}.png`);
  expect(sendableName('\u0007')).toBe('file');
});

test('sizes are short', () => {
  expect(sizeInWords(512, 'en')).toBe('512 B');
  expect(sizeInWords(3_400, 'en')).toBe('3.3 KB');
  expect(sizeInWords(3_400, 'de')).toBe('3,3 KB');
  expect(sizeInWords(51_000_000, 'en')).toBe('49 MB');
  expect(sizeInWords(LARGEST, 'en')).toBe('50 MB');
});

test('an announced file is waited for as long as it can come', () => {
  const file = { status: 'uploading', createdAt: '2026-11-21T08:00:00Z' };
  expect(isOverdue(file, new Date('2026-11-21T08:09:00Z'))).toBe(false);
  expect(isOverdue(file, new Date('2026-11-21T08:11:00Z'))).toBe(true);
  expect(isOverdue({ ...file, status: 'ready' }, new Date('2026-11-22T08:00:00Z'))).toBe(false);
});
