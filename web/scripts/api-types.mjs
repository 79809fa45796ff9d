// Writes the TypeScript types of every service's HTTP API from its openapi.yaml, so that the page cannot drift from it.
//
// The page also compiles in a repository without one of the services that it uses: the types of its API are then `any`,
// and at run time the page tells the user what is missing.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import openapi, { astToString } from 'openapi-typescript';

const MISSING = `// The page uses this API, but its service is not in this repository.
export type paths = any;
export type components = any;
`;

const services = new URL('../../services/', import.meta.url);
const source = new URL('../src/', import.meta.url);
const out = new URL('api/generated/', source);

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const published = (await readdir(services)).filter((service) => existsSync(contractOf(service)));
for (const service of new Set([...published, ...(await usedServices())])) {
  const types = published.includes(service) ? astToString(await openapi(contractOf(service))) : MISSING;
  await writeFile(new URL(`${service}.d.ts`, out), types);
}

function contractOf(service) {
  return new URL(`${service}/openapi.yaml`, services);
}

/** The services with generated types that the page imports. */
async function usedServices() {
  const files = (await readdir(source, { recursive: true })).filter((name) => /\.tsx?$/.test(name));
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, source), 'utf8')));
  return texts.flatMap((text) => [...text.matchAll(/generated\/([a-z-]+)'/g)].map(([, service]) => service));
}
