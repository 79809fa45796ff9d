import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { expect, test } from 'vitest';
import { catchUp } from './catch-up';

/** A list whose answers come when the test says so, and how often it was asked for. */
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

/** Lets everything happen that waits for nothing but its turn. */
const turn = () => new Promise((resolve) => setTimeout(resolve));

test('what was asked for before and answered is read once more, and stays on the screen meanwhile', async () => {
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

test('what is on its way is shown first, and then read once more', async () => {
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

test('what could not be read is asked for once more', async () => {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  let asked = 0;
  const queryFn = () => Promise.reject(new Error(`refusal ${++asked}`));
  new QueryObserver(client, { queryKey: ['list'], queryFn }).subscribe(() => undefined);
  await catchUp(client);
  expect(asked).toBe(2);
});
