// Browsers resolve every name below `localhost` to this machine (RFC 6761); Node asks DNS, which does not. Requests of
// Playwright itself (`route.fetch`, `request`) use this lookup.
import dns from 'node:dns';

const lookup = dns.promises.lookup.bind(dns.promises);

dns.promises.lookup = ((name: string, options: dns.LookupAllOptions) =>
  name.endsWith('.localhost')
    ? Promise.resolve([{ address: '127.0.0.1', family: 4 }])
    : lookup(name, options)) as typeof dns.promises.lookup;
