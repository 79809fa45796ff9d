import { expect, test } from 'vitest';
import { LARGEST, refusalOf, sendableName, sizeInWords } from './files';

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
  expect(sizeInWords(3_400, 'en')).toBe('3.4 KB');
  expect(sizeInWords(3_400, 'de')).toBe('3,4 KB');
  expect(sizeInWords(52_428_800, 'en')).toBe('52 MB');
});
