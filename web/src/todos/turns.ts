// Work that must not overtake other work.

/** The latest work of each lane. */
let lanes = new Map<string, Promise<unknown>>();

/** Does something once all that was begun before it in the same lanes is over, however it ended. */
export function inTurn<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
  const before = names.flatMap((name) => lanes.get(name) ?? []);
  const done = Promise.allSettled(before).then(work);
  for (const name of names) lanes.set(name, done);
  return done;
}

/** Nobody waits any more for what was begun until now. */
export function forgetTurns(): void {
  lanes = new Map();
}
