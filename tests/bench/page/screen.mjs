// Opens the list of a user in a tab and reports when a title is on the screen: one JSON line each, on standard output.
//
// First `{"ready": true}`, when the list is shown and its WebSocket is open. Then `{"title": …, "atUs": …}` with the wall
// clock in microseconds, read in the tab after the frame that shows the title for the first time. The program ends when
// its standard input ends.
import { createInterface } from 'node:readline';
import { account, launch, setting, signIn } from './browser.mjs';

const origin = setting('BUSLINE_WEB_ORIGIN');
const browser = await launch();
const report = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  const page = await browser.newPage();
  const connected = socketOpen(page);
  await page.exposeFunction('buslineShown', (title, atUs) => report({ title, atUs }));
  await page.evaluateOnNewDocument(watchTitles);
  await signIn(page, origin, account());
  await connected;
  report({ ready: true });
  for await (const _ of createInterface({ input: process.stdin })) {
    // Only the end of the input matters.
  }
} finally {
  await browser.close();
}

/** Resolves when the first WebSocket is open. */
async function socketOpen(page) {
  const session = await page.createCDPSession();
  await session.send('Network.enable');
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error('the page opened no WebSocket within 30 s')), 30_000);
    session.on('Network.webSocketHandshakeResponseReceived', ({ response }) => {
      if (response.status !== 101) return;
      clearTimeout(deadline);
      resolve();
    });
  });
}

/** Runs in the tab, before the page's own scripts. */
function watchTitles() {
  const known = new Set();
  const search = (text) => {
    for (const title of text.match(/trip-[0-9a-f-]{36}/g) ?? []) {
      if (known.has(title)) continue;
      known.add(title);
      // The frame that contains the title, and the first task after it was drawn.
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => window.buslineShown(title, Math.round((performance.timeOrigin + performance.now()) * 1000));
        port2.postMessage(null);
      });
    }
  };
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      if (target.nodeType === Node.TEXT_NODE) search(target.data);
      addedNodes.forEach((node) => search(node.textContent ?? ''));
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
}
