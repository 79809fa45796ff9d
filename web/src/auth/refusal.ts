// Why the user pool refuses something, as far as people can do something about it.
//
// Cognito names a failure by an exception that can mean many things; its operation and its message say which one. The
// exceptions of each operation: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/
import { Unreachable } from '../api/problem';
import type { Messages } from '../i18n/en';

export type Operation = 'sign-in' | 'sign-up' | 'confirm' | 'send-code' | 'set-password';

type Reason = Extract<keyof Messages, `error${string}`>;

/** The user pool did not do what it was asked for. */
export class Refused extends Error {
  override readonly name = 'Refused';
  /** What to tell people. */
  readonly reason: Reason;

  constructor(reason: Reason, cause: unknown) {
    super(`the user pool refused: ${reason}`, { cause });
    this.reason = reason;
  }
}

/** What the user pool answers; a failure of which people can be told is thrown as `Refused`. */
export async function asked<T>(operation: Operation, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === 'NetworkError') throw new Unreachable('the user pool did not answer', { cause: error });
    const reason = reasonOf(operation, error);
    throw reason ? new Refused(reason, error) : error;
  }
}

interface Rule {
  name: string;
  /** Any operation without one. */
  of?: Operation;
  /** Any message without one. */
  says?: RegExp;
  reason: Reason;
}

/** The first rule that fits counts. */
const RULES: readonly Rule[] = [
  { name: 'TooManyRequestsException', reason: 'errorTooMany' },
  { name: 'TooManyFailedAttemptsException', reason: 'errorTooMany' },
  { name: 'LimitExceededException', reason: 'errorTooMany' },
  { name: 'NotAuthorizedException', says: /attempts exceeded/i, reason: 'errorTooMany' },

  { name: 'NotAuthorizedException', of: 'sign-in', reason: 'errorWrongPassword' },
  { name: 'UserNotFoundException', of: 'sign-in', reason: 'errorWrongPassword' },

  { name: 'NotAuthorizedException', of: 'confirm', says: /status is confirmed/i, reason: 'errorConfirmed' },
  { name: 'InvalidParameterException', of: 'send-code', says: /already confirmed/i, reason: 'errorConfirmed' },
  // Whoever never confirmed the address; the pool may answer so for an address without an account, too.
  { name: 'InvalidParameterException', of: 'send-code', reason: 'errorNoCode' },
  { name: 'UserNotFoundException', of: 'send-code', reason: 'errorNoCode' },
  { name: 'UserNotConfirmedException', of: 'set-password', reason: 'errorNoCode' },

  { name: 'CodeMismatchException', reason: 'errorCode' },
  { name: 'InvalidParameterException', says: /'confirmationCode'/, reason: 'errorCode' },
  { name: 'ExpiredCodeException', reason: 'errorCodeExpired' },
  { name: 'UserNotFoundException', reason: 'errorCodeExpired' },

  // The pool's pattern for a password: no blank at either end.
  { name: 'InvalidParameterException', says: /'password'.*regular expression/i, reason: 'errorPasswordBlank' },
  { name: 'InvalidParameterException', says: /password/i, reason: 'errorPassword' },
  { name: 'InvalidPasswordException', reason: 'errorPassword' },

  { name: 'UsernameExistsException', reason: 'errorUserExists' },
  { name: 'AliasExistsException', reason: 'errorUserExists' },
  { name: 'InvalidParameterException', says: /e-?mail|username/i, reason: 'errorEmail' },
];

function reasonOf(operation: Operation, { name, message }: Error): Reason | undefined {
  const fits = (rule: Rule) =>
    rule.name === name && (!rule.of || rule.of === operation) && (!rule.says || rule.says.test(message));
  return RULES.find(fits)?.reason;
}
