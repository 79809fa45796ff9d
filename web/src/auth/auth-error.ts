// Translates the user pool's errors into messages for users.
//
// One exception of Cognito can have many causes; the operation and the exception's message identify the cause. The
// exceptions of each operation: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/
import { Unreachable } from '../api/problem';
import type { Messages } from '../i18n/en';

export type Operation = 'sign-in' | 'reauthenticate' | 'sign-up' | 'confirm' | 'send-code' | 'set-password';

type Reason = Extract<keyof Messages, `error${string}`>;

/** The user pool refused an operation. */
export class AuthError extends Error {
  override readonly name = 'AuthError';
  /** The key of the message for the user. */
  readonly reason: Reason;

  constructor(reason: Reason, cause: unknown) {
    super(`the user pool refused: ${reason}`, { cause });
    this.reason = reason;
  }
}

/** Waits for the user pool's answer; throws `AuthError` for failures that have a message for users. */
export async function withAuthErrors<T>(operation: Operation, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === 'NetworkError') throw new Unreachable('the user pool did not answer', { cause: error });
    const reason = findReason(operation, error);
    throw reason ? new AuthError(reason, error) : error;
  }
}

interface Rule {
  name: string;
  /** Without it, the rule applies to every operation. */
  operation?: Operation;
  /** Without it, the rule applies to every message. */
  message?: RegExp;
  reason: Reason;
}

/** The first matching rule applies. */
const RULES: readonly Rule[] = [
  { name: 'TooManyRequestsException', reason: 'errorTooMany' },
  { name: 'TooManyFailedAttemptsException', reason: 'errorTooMany' },
  { name: 'LimitExceededException', reason: 'errorTooMany' },
  { name: 'NotAuthorizedException', message: /attempts exceeded/i, reason: 'errorTooMany' },

  { name: 'NotAuthorizedException', operation: 'sign-in', reason: 'errorWrongPassword' },
  { name: 'UserNotFoundException', operation: 'sign-in', reason: 'errorWrongPassword' },
  // Only the password is asked for.
  { name: 'NotAuthorizedException', operation: 'reauthenticate', reason: 'errorOnlyPassword' },

  { name: 'NotAuthorizedException', operation: 'confirm', message: /status is confirmed/i, reason: 'errorConfirmed' },
  {
    name: 'InvalidParameterException',
    operation: 'send-code',
    message: /already confirmed/i,
    reason: 'errorConfirmed',
  },
  // The address is not confirmed. The pool may also answer this for an address without an account.
  { name: 'InvalidParameterException', operation: 'send-code', reason: 'errorNoCode' },
  { name: 'UserNotFoundException', operation: 'send-code', reason: 'errorNoCode' },
  { name: 'UserNotConfirmedException', operation: 'set-password', reason: 'errorNoCode' },

  { name: 'CodeMismatchException', reason: 'errorCode' },
  { name: 'InvalidParameterException', message: /'confirmationCode'/, reason: 'errorCode' },
  { name: 'ExpiredCodeException', reason: 'errorCodeExpired' },
  { name: 'UserNotFoundException', reason: 'errorCodeExpired' },

  // The pool's password pattern forbids a blank at either end.
  { name: 'InvalidParameterException', message: /'password'.*regular expression/i, reason: 'errorPasswordBlank' },
  { name: 'InvalidParameterException', message: /password/i, reason: 'errorPassword' },
  { name: 'InvalidPasswordException', reason: 'errorPassword' },

  { name: 'UsernameExistsException', reason: 'errorUserExists' },
  { name: 'AliasExistsException', reason: 'errorUserExists' },
  { name: 'InvalidParameterException', message: /e-?mail|username/i, reason: 'errorEmail' },
];

function findReason(operation: Operation, { name, message }: Error): Reason | undefined {
  const fits = (rule: Rule) =>
    rule.name === name &&
    (!rule.operation || rule.operation === operation) &&
    (!rule.message || rule.message.test(message));
  return RULES.find(fits)?.reason;
}
