import { expect, test } from 'vitest';
import { sample } from './sample';
import { MAX_TAGS, tagsOf, withTags } from './tags';

const twenty = Array.from({ length: MAX_TAGS }, (_, index) => `tag${index}`);

test('the tags of open items are listed once, with numbers in numeric order', () => {
  const todos = [
    sample({ id: 'one', tags: ['tag12', 'tag3', 'home'] }),
    sample({ id: 'two', tags: ['home'] }),
    sample({ id: 'done', tags: ['old'], status: 'completed' }),
  ];
  expect(tagsOf(todos, 'en')).toEqual(['home', 'tag3', 'tag12']);
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
