// What is being written and saves itself in a moment.

const savers = new Set<() => void>();

/** Has `save` run when the page or the session ends before it would by itself; returns how to take that back. */
export function saveAtTheEnd(save: () => void): () => void {
  savers.add(save);
  return () => savers.delete(save);
}

/** Saves all that is being written, now. */
export function saveDrafts(): void {
  savers.forEach((save) => save());
}
