import { expect, test } from 'vitest';
import { ApiError } from '../api/problem';
import { inWords } from './failure';

const problem = (code: string, errors?: { field: string; message: string }[]) => ({
  type: `urn:problem:busline:${code}`,
  title: 'The request breaks a rule',
  status: 400,
  detail: 'for programs',
  ...(errors && { errors }),
});

test('each field that people fill in has its rule in words', () => {
  const errors = [
    { field: 'title', message: 'must have 1 to 200 characters, this has none' },
    { field: 'tags', message: 'must hold no tag twice' },
  ];
  expect(inWords(new ApiError(400, problem('invalid-request', errors)))).toBe(
    'A title has 1 to 200 characters, on one line. A to-do has at most 20 different tags of up to 50 characters each.',
  );
});

test('what a service says to programs is never shown', () => {
  const unknownField = [{ field: 'cursor', message: 'must be a nextCursor' }];
  for (const body of [undefined, { message: 'Forbidden' }, problem('invalid-request', unknownField)]) {
    expect(inWords(new ApiError(400, body))).toBe('This could not be taken as it is. Check what you have entered.');
  }
});

test('a limit is told in the words of what it limits', () => {
  expect(inWords(new ApiError(409, problem('too-many-attachments')))).toBe('A to-do holds at most 20 files.');
});
