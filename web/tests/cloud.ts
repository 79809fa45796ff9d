// Access to the local cloud: users, emails, and stopping functions.
import { readFileSync } from 'node:fs';

interface Status {
  endpoint: string;
  region: string;
  env: string;
  user_pool_id: string;
  user_pool_client_id: string;
  services: Record<string, unknown>;
}

const path = process.env['BUSLINE_STATUS'];
if (!path) throw new Error('BUSLINE_STATUS is not set: start these tests by `cargo xtask test --only browser`');
const status = JSON.parse(readFileSync(path, 'utf8')) as Status;

/** Whether the product was deployed with a service. */
export const isDeployed = (service: string): boolean => service in status.services;

export interface User {
  email: string;
  password: string;
}

/** A user who is not registered yet. */
export function newUser(): User {
  const id = crypto.randomUUID();
  return { email: `web-${id}@example.com`, password: `Browser-${id}` };
}

/** Creates and confirms an account through the user pool's API. */
export async function register(user: User, locale = 'en'): Promise<void> {
  const UserAttributes = [
    { Name: 'email', Value: user.email },
    { Name: 'name', Value: 'Ann Ball' },
    { Name: 'locale', Value: locale },
    { Name: 'zoneinfo', Value: 'Europe/Dublin' },
  ];
  await userPool('SignUp', { Username: user.email, Password: user.password, UserAttributes });
  const ConfirmationCode = await emailedCode(user.email);
  await userPool('ConfirmSignUp', { Username: user.email, ConfirmationCode });
}

/** Resets a user's password as an administrator; the user pool sends a code for a new one. */
export async function resetPassword({ email }: User): Promise<void> {
  await userPool('AdminResetUserPassword', { UserPoolId: status.user_pool_id, Username: email }, asRoot('cognito-idp'));
}

/** Puts the event of a due item on the bus for each title, in order: each becomes an unread entry of the user's inbox. */
export async function remind({ email }: User, ...titles: string[]): Promise<void> {
  const request = { UserPoolId: status.user_pool_id, Username: email };
  const { Username: ownerId } = (await userPool('AdminGetUser', request, asRoot('cognito-idp'))) as {
    Username: string;
  };
  for (const title of titles) {
    const Entries = [dueEvent(ownerId, title)];
    await call('AWSEvents.PutEvents', { Entries }, asRoot('events'));
    // Ids of one millisecond have no order.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function dueEvent(ownerId: string, title: string) {
  const [eventId, todoId, now] = [timeOrderedId(), crypto.randomUUID(), new Date().toISOString()];
  const metadata = {
    eventId,
    occurredAt: now,
    subject: todoId,
    sequence: 1,
    correlationId: eventId,
    causationId: eventId,
    traceparent: `00-${eventId.replaceAll('-', '')}-00f067aa0ba902b7-01`,
    producer: 'todos@0.0.0',
    schema: 'todos/TodoDue/v1',
  };
  const Detail = JSON.stringify({ metadata, data: { todoId, ownerId, title, dueAt: now } });
  return { EventBusName: `busline-${status.env}`, Source: 'busline.todos', DetailType: 'TodoDue.v1', Detail };
}

/** A UUIDv7. */
function timeOrderedId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
}

function userPool(action: string, request: Record<string, unknown>, authorization?: string): Promise<unknown> {
  const body = { ...(!authorization && { ClientId: status.user_pool_client_id }), ...request };
  return call(`AWSCognitoIdentityProviderService.${action}`, body, authorization);
}

async function call(target: string, body: Record<string, unknown>, authorization?: string): Promise<unknown> {
  const response = await fetch(status.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': target,
      ...(authorization && { authorization }),
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${target} answered ${response.status}: ${await response.text()}`);
  const text = await response.text();
  return text ? JSON.parse(text) : undefined;
}

interface Email {
  To: string[];
  Subject: string;
  BodyText: string;
}

/** The emails of a user, the newest last. */
export async function emailsTo(email: string): Promise<Email[]> {
  const response = await fetch(`${status.endpoint}/_ministack/ses/messages`);
  const { messages } = (await response.json()) as { messages: Record<string, Email[]> };
  return Object.values(messages)
    .flat()
    .filter(({ To }) => To.includes(email));
}

/** The six-digit codes of a user, the newest last. */
export async function codesTo(email: string): Promise<string[]> {
  return (await emailsTo(email)).flatMap(({ BodyText }) => /\b\d{6}\b/.exec(BodyText)?.[0] ?? []);
}

/** Waits for an email with a six-digit code that is not in `known`, and returns the code. */
export async function emailedCode(email: string, known: readonly string[] = []): Promise<string> {
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

/** Stops functions of a service: their calls are throttled until the returned function is called. */
export async function stopFunctions(service: string, jobs: readonly string[]): Promise<() => Promise<void>> {
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
