// Writes the types of the three services' HTTP APIs from their openapi.yaml, so that the page cannot drift from them.
import { mkdir, writeFile } from 'node:fs/promises';
import openapi, { astToString } from 'openapi-typescript';

const out = new URL('../src/api/generated/', import.meta.url);
await mkdir(out, { recursive: true });
for (const service of ['todos', 'users', 'notifications']) {
  const contract = new URL(`../../services/${service}/openapi.yaml`, import.meta.url);
  await writeFile(new URL(`${service}.d.ts`, out), astToString(await openapi(contract)));
}
