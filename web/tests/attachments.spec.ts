import type { Page } from '@playwright/test';
import { add, expect, test } from './page.ts';

/** A picture of 2 by 2 pixels. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP8zwACTGCSAQANHQEDgslx/wAAAABJRU5ErkJggg==',
  'base64',
);
const TEXT = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('Ask Ben about the train.\n') };

const files = (page: Page) => page.getByRole('region', { name: 'Files' });
const entry = (page: Page, name: string) => files(page).getByRole('listitem').filter({ hasText: name });
const choose = (page: Page, ...chosen: { name: string; mimeType: string; buffer: Buffer }[]) =>
  files(page).locator('input[type=file]').setInputFiles(chosen);

test.beforeEach(async ({ home }) => {
  await add(home, 'Plan the trip');
  await home.getByRole('link', { name: 'Details: Plan the trip' }).click();
  await expect(files(home)).toBeVisible();
});

test('a picture is uploaded, shown small and large, downloaded and deleted', async ({ home }) => {
  await choose(home, { name: 'sea.png', mimeType: 'image/png', buffer: PNG });
  const small = home.getByRole('button', { name: 'Show sea.png' });
  await expect(small).toBeVisible();
  await expect(entry(home, 'sea.png')).toContainText('2 × 2');
  await expect(small.locator('img')).toHaveJSProperty('complete', true);

  await small.click();
  const large = home.getByRole('dialog', { name: 'sea.png' }).getByRole('img', { name: 'sea.png' });
  await expect(large).toHaveJSProperty('naturalWidth', 2);
  await home.keyboard.press('Escape');

  const started = home.waitForEvent('download');
  await home.getByRole('link', { name: 'Download sea.png' }).click();
  expect((await started).suggestedFilename()).toBe('sea.png');

  await home.getByRole('button', { name: 'Delete sea.png' }).click();
  const question = home.getByRole('dialog', { name: 'Delete this file?' });
  await home.keyboard.press('Escape');
  await expect(question).toBeHidden();
  await expect(home.getByRole('button', { name: 'Delete sea.png' })).toBeFocused();
  await home.keyboard.press('Enter');
  await question.getByRole('button', { name: 'Delete for good' }).click();
  await expect(home.getByRole('button', { name: 'Add files' })).toBeFocused();
  await expect(entry(home, 'sea.png')).toBeHidden();
  await home.reload();
  await expect(files(home)).toBeVisible();
  await expect(entry(home, 'sea.png')).toBeHidden();
});

test('a file that is dropped is uploaded', async ({ home }) => {
  const transfer = await home.evaluateHandle(() => {
    const held = new DataTransfer();
    held.items.add(new File(['Ask Ben.'], 'dropped.txt', { type: 'text/plain' }));
    return held;
  });
  await files(home).dispatchEvent('dragover', { dataTransfer: transfer });
  await expect(files(home)).toContainText('Drop to add');
  await files(home).dispatchEvent('drop', { dataTransfer: transfer });
  await expect(home.getByRole('link', { name: 'Download dropped.txt' })).toBeVisible();
});

test('a file is shown as checked though the message about it was lost', async ({ home }) => {
  await home.routeWebSocket(/.*/, (socket) => {
    // What the server sends is received here, and not passed on.
    socket.connectToServer().onMessage(() => undefined);
  });
  await home.reload();
  await expect(files(home)).toBeVisible();
  await choose(home, TEXT);
  await expect(home.getByRole('link', { name: 'Download notes.txt' })).toBeVisible();
});

test('an unsupported file is refused at once with the reason', async ({ home }) => {
  await choose(
    home,
    { name: 'page.html', mimeType: 'text/html', buffer: Buffer.from('<p>Hello</p>') },
    { name: 'empty.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) },
  );
  await expect(entry(home, 'page.html')).toContainText('Only pictures, PDF and plain text');
  await expect(entry(home, 'empty.txt')).toContainText('The file is empty');
  await home.getByRole('button', { name: 'Close: page.html' }).click();
  await expect(entry(home, 'page.html')).toBeHidden();
});

test('a file with a wrong type is refused after the upload with the reason', async ({ home }) => {
  await choose(home, { name: 'fake.png', mimeType: 'image/png', buffer: Buffer.from('no picture at all') });
  await expect(entry(home, 'fake.png')).toContainText('Refused. It is damaged, or of another type than its name.');
  await expect(home.getByRole('button', { name: 'Show fake.png' })).toBeHidden();
});

test('another tab shows an uploaded file', async ({ home, context }) => {
  const other = await context.newPage();
  await other.goto(home.url());
  await expect(files(other)).toBeVisible();
  await choose(home, TEXT);
  await expect(other.getByRole('link', { name: 'Download notes.txt' })).toBeVisible();
});

test.describe('with a bad connection', () => {
  test.use({ allowed: /net::ERR_FAILED|net::ERR_INTERNET/ });

  test('an upload shows its progress and can be stopped', async ({ home }) => {
    // The bucket answers slowly.
    await home.route(/^(?!.*\/api\/).*$/, async (route) => {
      if (route.request().method() !== 'POST') return route.fallback();
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      return route.abort();
    });
    await choose(home, TEXT);
    await expect(home.getByRole('progressbar', { name: 'Uploading: notes.txt' })).toBeVisible();
    await home.getByRole('button', { name: 'Stop uploading notes.txt' }).click();
    await expect(entry(home, 'notes.txt')).toBeHidden();
  });

  test('a failed upload can be retried', async ({ home }) => {
    let fails = 1;
    await home.route(/^(?!.*\/api\/).*$/, (route) =>
      route.request().method() === 'POST' && fails-- > 0 ? route.abort() : route.fallback(),
    );
    await choose(home, TEXT);
    await expect(entry(home, 'notes.txt')).toContainText('Upload failed');
    await home.getByRole('button', { name: 'Upload notes.txt again' }).click();
    await expect(home.getByRole('link', { name: 'Download notes.txt' })).toBeVisible();
  });
});

test('the browser asks before it closes a page that sends a file', async ({ home }) => {
  let go: () => void = () => undefined;
  const mayGo = new Promise<void>((resolve) => (go = resolve));
  await home.route('**/api/todos/*/attachments', async (route) => {
    if (route.request().method() === 'POST') await mayGo;
    return route.fallback();
  });
  await choose(home, TEXT);
  await expect(entry(home, 'notes.txt')).toBeVisible();
  const question = home.waitForEvent('dialog');
  await home.close({ runBeforeUnload: true });
  expect((await question).type()).toBe('beforeunload');
  await (await question).dismiss();
  await home.getByRole('button', { name: 'Stop uploading notes.txt' }).click();
  go();
  await expect(entry(home, 'notes.txt')).toBeHidden();
});

test.describe('at a limit', () => {
  test.use({ allowed: /status of 4(09|29)/ });

  test('a file waits while the service asks for it, and one that finds no room tells so', async ({ home }) => {
    const refusal = (kind: string, status: number) => ({
      status,
      headers: { 'Retry-After': '1' },
      json: { type: `urn:problem:busline:${kind}`, title: 'Refused', status, detail: 'for programs' },
    });
    const refusals = [refusal('too-many-requests', 429)];
    await home.route('**/api/todos/*/attachments', (route) => {
      const next = route.request().method() === 'POST' ? refusals.shift() : undefined;
      return next ? route.fulfill(next) : route.fallback();
    });
    await choose(home, TEXT);
    await expect(home.getByRole('link', { name: 'Download notes.txt' })).toBeVisible();

    refusals.push(refusal('too-many-requests', 429), refusal('attachment-bytes-limit-reached', 409));
    await choose(home, { ...TEXT, name: 'more.txt' });
    await expect(entry(home, 'more.txt')).toContainText('Your files can have 5 GB in all.');
    expect(refusals).toEqual([]);
  });
});
