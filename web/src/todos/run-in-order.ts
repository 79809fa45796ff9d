// Runs tasks with a common name one after the other.

/** The latest task of each name. */
let lanes = new Map<string, Promise<unknown>>();

/** Runs a task after all earlier tasks with one of the same names have ended, with success or failure. */
export function runInOrder<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
  const before = names.flatMap((name) => lanes.get(name) ?? []);
  const done = Promise.allSettled(before).then(work);
  for (const name of names) lanes.set(name, done);
  return done;
}

/** Makes later tasks independent of all tasks started until now. */
export function resetOrder(): void {
  lanes = new Map();
}
