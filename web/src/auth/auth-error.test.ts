import { expect, test } from 'vitest';
import { Unreachable } from '../api/problem';
import { withAuthErrors, AuthError, type Operation } from './auth-error';

async function reason(operation: Operation, name: string, message: string): Promise<string> {
  const answer = Promise.reject(Object.assign(new Error(message), { name }));
  const failure: unknown = await withAuthErrors(operation, answer).catch((error: unknown) => error);
  return failure instanceof AuthError ? failure.reason : 'none';
}

test('the same exception means something else for another operation or with another message', async () => {
  expect(await reason('sign-in', 'NotAuthorizedException', 'Incorrect username or password.')).toBe(
    'errorWrongPassword',
  );
  expect(await reason('sign-in', 'NotAuthorizedException', 'Password attempts exceeded')).toBe('errorTooMany');
  const confirmed = 'User cannot be confirmed. Current status is CONFIRMED';
  expect(await reason('confirm', 'NotAuthorizedException', confirmed)).toBe('errorConfirmed');
  expect(await reason('send-code', 'InvalidParameterException', 'User is already confirmed.')).toBe('errorConfirmed');
});

test('every limit has the message for limits', async () => {
  for (const name of ['LimitExceededException', 'TooManyRequestsException', 'TooManyFailedAttemptsException']) {
    expect(await reason('send-code', name, 'Attempt limit exceeded, please try after some time.')).toBe('errorTooMany');
  }
});

test('a refused parameter is named', async () => {
  const blank =
    "1 validation error detected: Value at 'password' failed to satisfy constraint: " +
    'Member must satisfy regular expression pattern: ^[\\S]+.*[\\S]+$';
  expect(await reason('sign-up', 'InvalidParameterException', blank)).toBe('errorPasswordBlank');
  expect(await reason('sign-up', 'InvalidParameterException', 'Invalid email address format.')).toBe('errorEmail');
  const unverified = 'Cannot reset password for the user as there is no registered/verified email or phone_number';
  expect(await reason('send-code', 'InvalidParameterException', unverified)).toBe('errorNoCode');
});

test('an error without a message for users is not translated', async () => {
  expect(await reason('confirm', 'InternalErrorException', 'Something failed')).toBe('none');
});

test('a user pool without an answer is unreachable', async () => {
  const answer = Promise.reject(Object.assign(new Error('A network error'), { name: 'NetworkError' }));
  await expect(withAuthErrors('sign-in', answer)).rejects.toBeInstanceOf(Unreachable);
});
