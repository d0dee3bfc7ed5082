// A slow line to a server of this machine. The browser's own throttle leaves out what a worker fetches.
import { connect, createServer } from "node:net";

/** Milliseconds there and back. */
const LATENCY = 40;

/** All connections share so many bits a second towards the browser: the line's port, and how to end it. */
export async function line(port, bits) {
  // When the line has sent all that it was given.
  let free = 0;
  const server = createServer((browser) => {
    const host = connect(port, "127.0.0.1");
    browser.pipe(host);
    const later = (bytes, act) => {
      free = Math.max(free, performance.now()) + (8000 * bytes) / bits;
      setTimeout(act, free + LATENCY - performance.now());
    };
    host.on("data", (part) => later(part.length, () => browser.write(part)));
    host.on("end", () => later(0, () => browser.end()));
    for (const [one, other] of [[host, browser], [browser, host]]) one.on("error", () => other.destroy());
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { port: server.address().port, close: () => server.close() };
}
