import { expect, test } from 'vitest';
import { resetOrder, runInOrder } from './run-in-order';

/** A task that the test resolves or rejects, and that records its start. */
function task(begun: string[], name: string) {
  let resolve: () => void = () => undefined;
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<void>((good, bad) => ([resolve, reject] = [good, bad]));
  const work = () => {
    begun.push(name);
    return promise;
  };
  return { work, end: () => resolve(), fail: () => reject(new Error(name)) };
}

const moment = () => new Promise((resolve) => setTimeout(resolve));

test('tasks of one name run in order, and in parallel with those of another', async () => {
  const begun: string[] = [];
  const [one, two, other] = [task(begun, 'one'), task(begun, 'two'), task(begun, 'other')];
  void runInOrder(['a'], one.work);
  void runInOrder(['a'], two.work);
  void runInOrder(['b'], other.work);
  await moment();
  expect(begun).toEqual(['one', 'other']);
  one.end();
  await moment();
  expect(begun).toEqual(['one', 'other', 'two']);
});

test('a task with two names waits for both', async () => {
  const begun: string[] = [];
  const [one, two, both] = [task(begun, 'one'), task(begun, 'two'), task(begun, 'both')];
  void runInOrder(['c'], one.work);
  void runInOrder(['d'], two.work);
  void runInOrder(['c', 'd'], both.work);
  one.end();
  await moment();
  expect(begun).not.toContain('both');
  two.end();
  await moment();
  expect(begun).toContain('both');
});

test('a failed task does not block later tasks', async () => {
  const begun: string[] = [];
  const [one, two] = [task(begun, 'one'), task(begun, 'two')];
  const failed = runInOrder(['e'], one.work);
  void runInOrder(['e'], two.work);
  one.fail();
  await expect(failed).rejects.toThrow('one');
  await moment();
  expect(begun).toEqual(['one', 'two']);
});

test('after a reset, an endless task does not block new ones', async () => {
  const begun: string[] = [];
  void runInOrder(['f'], task(begun, 'stuck').work);
  resetOrder();
  void runInOrder(['f'], task(begun, 'new').work);
  await moment();
  expect(begun).toEqual(['stuck', 'new']);
});
