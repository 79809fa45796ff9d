import { expect, test } from 'vitest';
import { ApiError } from '../api/problem';
import { errorMessage } from './error-message';

const problem = (code: string, errors?: { field: string; message: string }[]) => ({
  type: `urn:problem:busline:${code}`,
  title: 'The request breaks a rule',
  status: 400,
  detail: 'for programs',
  ...(errors && { errors }),
});

test('each form field has a message with its rule', () => {
  const errors = [
    { field: 'title', message: 'must have 1 to 200 characters, this has none' },
    { field: 'tags', message: 'must hold no tag twice' },
  ];
  expect(errorMessage(new ApiError(400, problem('invalid-request', errors)))).toBe(
    'A title has 1 to 200 characters, on one line. A to-do has at most 20 different tags of up to 50 characters each.',
  );
});

test('texts for programs are never shown to users', () => {
  const unknownField = [{ field: 'cursor', message: 'must be a nextCursor' }];
  for (const body of [undefined, { message: 'Forbidden' }, problem('invalid-request', unknownField)]) {
    expect(errorMessage(new ApiError(400, body))).toBe('This was not accepted. Check what you have entered.');
  }
});

test('a limit has a message that names it', () => {
  expect(errorMessage(new ApiError(409, problem('too-many-attachments')))).toBe('A to-do holds at most 20 files.');
  expect(errorMessage(new ApiError(409, problem('item-limit-reached')))).toBe(
    'You can have 10,000 to-dos at most. Delete some, and empty “Recently deleted”.',
  );
  expect(errorMessage(new ApiError(409, problem('attachment-bytes-limit-reached')))).toBe(
    'Your files can have 5 GB in all. Delete some, or delete to-dos and empty “Recently deleted”.',
  );
});
