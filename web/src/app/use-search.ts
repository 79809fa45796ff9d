import { useSearch as useRawSearch } from 'wouter/use-browser-location';

/** The query string of the address: empty, or `?` and what follows. */
export const useSearch = (): string => useRawSearch();

/** The parameters in the address, decoded once. (The router's own hook for them decodes twice.) */
export const useSearchParams = (): URLSearchParams => new URLSearchParams(useSearch());
