import { useSyncExternalStore } from 'react';

/** A value outside of React that components can watch. */
export class Store<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get = (): T => this.#value;

  update = (change: (value: T) => T): void => {
    const next = change(this.#value);
    if (Object.is(next, this.#value)) return;
    this.#value = next;
    this.#listeners.forEach((listener) => listener());
  };

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** The store's value now, and again whenever it changes. */
export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}
