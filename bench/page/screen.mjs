// A tab with somebody's list on it that says when a title is on the screen: one JSON line each, on standard output.
//
// `{"ready": true}` comes first, when the list is there and its socket is open. Then `{"title": …, "atUs": …}` with the
// wall clock in microseconds, read in the tab after the frame that shows the title for the first time. It ends when its
// standard input does.
import { createInterface } from 'node:readline';
import { account, launch, setting, signIn } from './browser.mjs';

const origin = setting('BUSLINE_WEB_ORIGIN');
const browser = await launch();
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  const page = await browser.newPage();
  const connected = socketOpen(page);
  await page.exposeFunction('buslineShown', (title, atUs) => say({ title, atUs }));
  await page.evaluateOnNewDocument(watchTitles);
  await signIn(page, origin, account());
  await connected;
  say({ ready: true });
  for await (const _ of createInterface({ input: process.stdin })) {
    // Nothing is asked: the end is.
  }
} finally {
  await browser.close();
}

/** Resolves at the first answer that opens a WebSocket. */
async function socketOpen(page) {
  const session = await page.createCDPSession();
  await session.send('Network.enable');
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error('the page opened no WebSocket within 30 s')), 30_000);
    session.on('Network.webSocketHandshakeResponseReceived', ({ response }) => {
      if (response.status !== 101) return;
      clearTimeout(patience);
      resolve();
    });
  });
}

/** Runs in the tab, before anything of the page's own. */
function watchTitles() {
  const known = new Set();
  const look = (text) => {
    for (const title of text.match(/trip-[0-9a-f-]{36}/g) ?? []) {
      if (known.has(title)) continue;
      known.add(title);
      // The frame with the title in it, and the first task after that frame was drawn.
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => window.buslineShown(title, Math.round((performance.timeOrigin + performance.now()) * 1000));
        port2.postMessage(null);
      });
    }
  };
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      if (target.nodeType === Node.TEXT_NODE) look(target.data);
      addedNodes.forEach((node) => look(node.textContent ?? ''));
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
}
