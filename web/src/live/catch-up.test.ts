import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { expect, test } from 'vitest';
import { catchUp } from './catch-up';

/** A list with answers that the test resolves, and how often it was requested. */
function list() {
  const client = new QueryClient();
  const answers: ((answer: string) => void)[] = [];
  const queryFn = () => new Promise<string>((resolve) => answers.push(resolve));
  const shown: (string | undefined)[] = [];
  const observer = new QueryObserver(client, { queryKey: ['list'], queryFn, staleTime: Infinity });
  observer.subscribe(({ data }) => {
    if (shown.at(-1) !== data) shown.push(data);
  });
  return { client, answers, shown };
}

/** Lets all pending callbacks run. */
const turn = () => new Promise((resolve) => setTimeout(resolve));

test('loaded data stays on the screen while it is loaded again', async () => {
  const { client, answers, shown } = list();
  answers[0]?.('old');
  await turn();
  const done = catchUp(client);
  await turn();
  expect(answers.length).toBe(2);
  expect(shown).toEqual(['old']);
  answers[1]?.('new');
  await done;
  expect(shown).toEqual(['old', 'new']);
});

test('data under way is shown first and then loaded again', async () => {
  const { client, answers, shown } = list();
  const done = catchUp(client);
  await turn();
  expect(answers.length).toBe(1);
  answers[0]?.('old');
  await turn();
  expect(answers.length).toBe(2);
  answers[1]?.('new');
  await done;
  expect(shown).toEqual(['old', 'new']);
});

test('failed data is requested again', async () => {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  let requests = 0;
  const queryFn = () => Promise.reject(new Error(`rejection ${++requests}`));
  new QueryObserver(client, { queryKey: ['list'], queryFn }).subscribe(() => undefined);
  await catchUp(client);
  expect(requests).toBe(2);
});
