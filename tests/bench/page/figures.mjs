// Prints Lighthouse's figures of the page and the weight of its first view; fails where they miss their bounds.
//
// With Lighthouse's settings for a phone: 4x slower processor, slow 4G, simulated. Each view is measured several times;
// the run with the median performance score is shown.
import { mkdir, writeFile } from 'node:fs/promises';
import lighthouse, { generateReport } from 'lighthouse';
import { account, launch, setting, signIn } from './browser.mjs';

const MIN_SCORE = 95;
const MAX_BYTES = 250_000;
/** Lighthouse's benchmark of the processor on a quiet desktop computer. */
const QUIET = 1500;
const CATEGORIES = ['performance', 'accessibility', 'best-practices'];

const origin = setting('BUSLINE_WEB_ORIGIN');
const artifacts = setting('BUSLINE_ARTIFACTS');
const rounds = Number(setting('BUSLINE_ROUNDS'));

const browser = await launch();
const rows = [];
try {
  const page = await browser.newPage();
  rows.push(await view('sign in', '/sign-in', page));
  await signIn(page, origin, account());
  rows.push(await view('list', '/', page));
  rows.push(await view('inbox', '/inbox', page));
  rows.push(await view('settings', '/settings', page));
} finally {
  await browser.close();
}

console.table(Object.fromEntries(rows.map(({ name, shown }) => [name, shown])));
const missed = rows.flatMap((row) => row.missed);
if (rows.some(({ shown }) => shown.machine < QUIET)) {
  console.error(`The machine was busy or is slow (a quiet desktop computer has ${QUIET} or more): the performance score means little.`);
}
missed.forEach((line) => console.error(line));
process.exitCode = missed.length > 0 ? 1 : 0;

/** Measures one view. */
async function view(name, path, page) {
  const runs = [];
  for (let round = 0; round < rounds; round += 1) {
    runs.push(await measure(`${origin}${path}`, page));
  }
  const score = (run, category) => Math.round(run.categories[category].score * 100);
  runs.sort((a, b) => score(a, 'performance') - score(b, 'performance'));
  const run = runs[Math.floor(runs.length / 2)];
  await mkdir(artifacts, { recursive: true });
  await writeFile(`${artifacts}/${name.replace(' ', '-')}.html`, generateReport(run, 'html'));
  return row(name, path, run, Object.fromEntries(CATEGORIES.map((category) => [category, score(run, category)])));
}

/** Opens the page with an empty cache; again when Lighthouse itself failed, as it does on a busy machine. */
async function measure(url, page, tries = 3) {
  const session = await page.createCDPSession();
  await session.send('Network.clearBrowserCache');
  await session.detach();
  const { lhr } = await lighthouse(url, { onlyCategories: CATEGORIES, logLevel: 'error' }, undefined, page);
  if (!lhr.runtimeError) return lhr;
  if (tries === 1) throw new Error(`${url}: ${lhr.runtimeError.message}`);
  return measure(url, page, tries - 1);
}

function row(name, path, run, scores) {
  // The page's weight is that of the files from its own address, without the answers of APIs and Cognito.
  const files = run.audits['network-requests'].details.items.filter(
    ({ url }) => url.startsWith(origin) && !url.startsWith(`${origin}/api/`),
  );
  const bytes = files.reduce((sum, { transferSize }) => sum + transferSize, 0);
  const time = (audit) => Math.round(run.audits[audit].numericValue);
  const shown = {
    ...scores,
    'kB compressed': (bytes / 1000).toFixed(1),
    'largest paint, ms': time('largest-contentful-paint'),
    'blocked, ms': time('total-blocking-time'),
    'layout shift': run.audits['cumulative-layout-shift'].numericValue.toFixed(3),
    machine: Math.round(run.environment.benchmarkIndex),
  };
  const low = CATEGORIES.filter((category) => scores[category] < MIN_SCORE);
  const missed = low.map((category) => `${name}: ${category} is ${scores[category]}, below ${MIN_SCORE}: ${reasons(run, category)}`);
  if (new URL(run.finalDisplayedUrl).pathname !== path) missed.push(`${name}: ${path} led to ${run.finalDisplayedUrl}`);
  if (bytes > MAX_BYTES) missed.push(`${name}: weighs ${bytes} bytes, more than ${MAX_BYTES}`);
  return { name, shown, missed };
}

/** The audits that lowered the score of a category. */
function reasons(run, category) {
  const audits = run.categories[category].auditRefs.filter(({ weight }) => weight > 0).map(({ id }) => run.audits[id]);
  const failed = audits.filter(({ score }) => score !== null && score < 0.9);
  return failed.map(({ id, displayValue }) => (displayValue ? `${id} (${displayValue})` : id)).join(', ');
}
