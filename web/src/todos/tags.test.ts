import { expect, test } from 'vitest';
import { sample } from './sample';
import { hasTag, MAX_TAGS, spelledAs, tagsOf, withTags } from './tags';

const twenty = Array.from({ length: MAX_TAGS }, (_, index) => `tag${index}`);

test('the tags of open items are listed once, with numbers in numeric order', () => {
  const todos = [
    sample({ id: 'one', tags: ['tag12', 'tag3', 'home'] }),
    sample({ id: 'two', tags: ['home'] }),
    sample({ id: 'done', tags: ['old'], status: 'completed' }),
  ];
  expect(tagsOf(todos, 'en')).toEqual(['home', 'tag3', 'tag12']);
});

test('tags that differ in capitals alone are one', () => {
  const todos = [sample({ tags: ['Shop'] }), sample({ id: 'two', tags: ['shop', 'home'] })];
  expect(tagsOf(todos, 'en')).toEqual(['home', 'Shop']);
  expect(hasTag(sample({ tags: ['Shop'] }), 'SHOP')).toBe(true);
});

test('tags of a line are spelled as those in use, and a comma stays within one', () => {
  expect(spelledAs(['Shop'], ['shop', 'a,b', 'New', 'new'])).toEqual(['Shop', 'a,b', 'New']);
});

test('tags are entered one by one or separated by commas', () => {
  expect(withTags(['home'], 'two words, #three,', []).tags).toEqual(['home', 'two words', 'three']);
  expect(withTags(['home'], ' , home', []).tags).toEqual(['home']);
});

test('a tag in use keeps its spelling', () => {
  expect(withTags([], 'shop', ['Shop']).tags).toEqual(['Shop']);
  expect(withTags(['Shop'], 'SHOP', []).tags).toEqual(['Shop']);
});

test('tags beyond the limit are left over', () => {
  expect(withTags(twenty, 'one more, tag3', [])).toEqual({ tags: twenty, leftOver: 'one more' });
});
