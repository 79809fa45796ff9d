import { useSearch as useRawSearch } from 'wouter/use-browser-location';

/** The search part of the address as it stands there: empty, or `?` and what follows. */
export const useSearch = (): string => useRawSearch();

/** The parameters in the address, decoded once. (The router's own hook for them decodes twice.) */
export const useSearchParams = (): URLSearchParams => new URLSearchParams(useSearch());
