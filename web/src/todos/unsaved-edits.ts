// Edits that are saved automatically after a moment.

const savers = new Set<() => void>();

/** Registers `save` to run if the page or the session ends first; returns a function that unregisters it. */
export function registerUnsavedEdit(save: () => void): () => void {
  savers.add(save);
  return () => savers.delete(save);
}

/** Saves all unsaved edits now. */
export function saveUnsavedEdits(): void {
  savers.forEach((save) => save());
}
