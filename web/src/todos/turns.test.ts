import { expect, test } from 'vitest';
import { forgetTurns, inTurn } from './turns';

/** Work that ends when it is told to, and notes that it has begun. */
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

test('work of one lane goes one after the other, beside that of another lane', async () => {
  const begun: string[] = [];
  const [one, two, other] = [task(begun, 'one'), task(begun, 'two'), task(begun, 'other')];
  void inTurn(['a'], one.work);
  void inTurn(['a'], two.work);
  void inTurn(['b'], other.work);
  await moment();
  expect(begun).toEqual(['one', 'other']);
  one.end();
  await moment();
  expect(begun).toEqual(['one', 'other', 'two']);
});

test('work in two lanes waits for both', async () => {
  const begun: string[] = [];
  const [one, two, both] = [task(begun, 'one'), task(begun, 'two'), task(begun, 'both')];
  void inTurn(['c'], one.work);
  void inTurn(['d'], two.work);
  void inTurn(['c', 'd'], both.work);
  one.end();
  await moment();
  expect(begun).not.toContain('both');
  two.end();
  await moment();
  expect(begun).toContain('both');
});

test('work that fails holds nobody up', async () => {
  const begun: string[] = [];
  const [one, two] = [task(begun, 'one'), task(begun, 'two')];
  const failed = inTurn(['e'], one.work);
  void inTurn(['e'], two.work);
  one.fail();
  await expect(failed).rejects.toThrow('one');
  await moment();
  expect(begun).toEqual(['one', 'two']);
});

test('what never ends holds nobody up who begins anew', async () => {
  const begun: string[] = [];
  void inTurn(['f'], task(begun, 'stuck').work);
  forgetTurns();
  void inTurn(['f'], task(begun, 'new').work);
  await moment();
  expect(begun).toEqual(['stuck', 'new']);
});
