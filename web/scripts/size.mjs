// Prints what a browser loads for the first view, compressed, and fails above the budget.
//
// The first view is index.html with everything that it names and what those scripts import at once; parts of other
// pages, which load when they are visited, are listed beneath.
import { readdir, readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

const BUDGET = 250 * 1000;
const dist = new URL('../dist/', import.meta.url);

const html = await readFile(new URL('index.html', dist), 'utf8');
// The settings are the deployment's, not the build's.
const named = [...html.matchAll(/(?:src|href)="\/([^"]+)"/g)]
  .map(([, path]) => path)
  .filter((path) => path !== 'config.json');
const chunks = JSON.parse(await readFile(new URL('../node_modules/.cache/chunks.json', import.meta.url), 'utf8'));

const first = new Set(['index.html', ...named]);
function follow(file) {
  const chunk = chunks.find((one) => one.file === file);
  first.add(file);
  chunk?.css.forEach((sheet) => first.add(sheet));
  chunk?.imports.filter((name) => !first.has(name)).forEach(follow);
}
named.filter((file) => file.endsWith('.js')).forEach(follow);
// The modules that a signed-in user's browser loads next count too.
const modules = JSON.parse(await readFile(new URL('../src/first-view.json', import.meta.url), 'utf8'));
for (const path of modules) follow(chunks.find(({ module }) => module?.endsWith(`/src/${path}`)).file);

const files = (await readdir(new URL('assets/', dist))).map((name) => `assets/${name}`);
const rows = await Promise.all(
  [...new Set([...files, ...first])].map(async (file) => ({
    file,
    bytes: gzipSync(await readFile(new URL(file, dist)), { level: 9 }).length,
  })),
);
rows.sort((a, b) => b.bytes - a.bytes);
const print = ({ file, bytes }) => console.log(`${(bytes / 1000).toFixed(1).padStart(8)} kB  ${file}`);

console.log('First view, compressed with gzip:');
const counted = rows.filter(({ file }) => first.has(file));
counted.forEach(print);
const total = counted.reduce((sum, { bytes }) => sum + bytes, 0);
console.log(`${(total / 1000).toFixed(1).padStart(8)} kB  of ${BUDGET / 1000} kB\n\nOn demand:`);
rows.filter(({ file }) => !first.has(file)).forEach(print);

if (total > BUDGET) {
  console.error(`The first view weighs ${total} bytes, more than ${BUDGET}: load something of it later, or drop it.`);
  process.exit(1);
}
