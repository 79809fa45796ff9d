// The cloud behind the page: what the tests do there that people do in their mailbox, and what operators do by accident.
import { readFileSync } from 'node:fs';

interface Status {
  endpoint: string;
  region: string;
  env: string;
  user_pool_id: string;
  user_pool_client_id: string;
}

const path = process.env['BUSLINE_STATUS'];
if (!path) throw new Error('BUSLINE_STATUS is not set: start these tests by `cargo xtask test --only browser`');
const status = JSON.parse(readFileSync(path, 'utf8')) as Status;

export interface Person {
  email: string;
  password: string;
}

/** Somebody whom nobody has seen before. */
export function newPerson(): Person {
  const id = crypto.randomUUID();
  return { email: `web-${id}@example.com`, password: `Browser-${id}` };
}

/** Makes and confirms an account as the page does, without the page. */
export async function register(person: Person, locale = 'en'): Promise<void> {
  const UserAttributes = [
    { Name: 'email', Value: person.email },
    { Name: 'name', Value: 'Ann Ball' },
    { Name: 'locale', Value: locale },
    { Name: 'zoneinfo', Value: 'Europe/Dublin' },
  ];
  await userPool('SignUp', { Username: person.email, Password: person.password, UserAttributes });
  const ConfirmationCode = await mailedCode(person.email);
  await userPool('ConfirmSignUp', { Username: person.email, ConfirmationCode });
}

/** Takes somebody's password away, as an administrator does; the user pool mails them a code for a new one. */
export async function resetPassword({ email }: Person): Promise<void> {
  await userPool('AdminResetUserPassword', { UserPoolId: status.user_pool_id, Username: email }, asRoot('cognito-idp'));
}

async function userPool(action: string, request: Record<string, unknown>, authorization?: string): Promise<void> {
  const response = await fetch(status.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityProviderService.${action}`,
      ...(authorization && { authorization }),
    },
    body: JSON.stringify({ ...(!authorization && { ClientId: status.user_pool_client_id }), ...request }),
  });
  if (!response.ok) throw new Error(`${action} answered ${response.status}: ${await response.text()}`);
}

interface Mail {
  To: string[];
  Subject: string;
  BodyText: string;
}

/** The mails that somebody has got, the newest last. */
export async function mailsTo(email: string): Promise<Mail[]> {
  const response = await fetch(`${status.endpoint}/_ministack/ses/messages`);
  const { messages } = (await response.json()) as { messages: Record<string, Mail[]> };
  return Object.values(messages)
    .flat()
    .filter(({ To }) => To.includes(email));
}

/** The codes of six digits that somebody has got, the newest last. */
export async function codesTo(email: string): Promise<string[]> {
  return (await mailsTo(email)).flatMap(({ BodyText }) => /\b\d{6}\b/.exec(BodyText)?.[0] ?? []);
}

/** The code of six digits in the newest mail, once one has come that is not in `known`. */
export async function mailedCode(email: string, known: readonly string[] = []): Promise<string> {
  return until(`a code for ${email}`, async () => {
    const codes = await codesTo(email);
    return codes.findLast((code) => !known.includes(code));
  });
}

/** Waits for something, at most 15 seconds. */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`waited 15 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Takes functions of a service out of service: none of their calls runs until the returned function is called. */
export async function stop(service: string, jobs: readonly string[]): Promise<() => Promise<void>> {
  await Promise.all(
    jobs.map((job) => concurrency(service, job, { method: 'PUT', body: '{"ReservedConcurrentExecutions":0}' })),
  );
  return async () => {
    await Promise.all(jobs.map((job) => concurrency(service, job, { method: 'DELETE' })));
  };
}

async function concurrency(service: string, job: string, request: RequestInit): Promise<void> {
  const url = `${status.endpoint}/2017-10-31/functions/busline-${status.env}-${service}-${job}/concurrency`;
  const response = await fetch(url, { ...request, headers: { authorization: asRoot('lambda') } });
  if (!response.ok) throw new Error(`${request.method ?? ''} ${url} answered ${response.status}`);
}

/** The local cloud reads the account out of the credential's scope and does not check the root user's signature. */
function asRoot(service: string): string {
  const scope = `test/20260101/${status.region}/${service}/aws4_request`;
  return `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
}
