// The memory of the CPU engine's wasm while networks train for long: it only ever grows, and is not to grow at all once
// a training is on its way.
import { readFileSync } from "node:fs";
import { expect } from "@playwright/test";
import { load, open, play } from "./page.js";
import { test } from "./test.js";

/** Run files of tests/bench, how many steps are taken, and how many samples there are: those of memory.rs. */
const TRAININGS = { mlp: [100_000, 20_000], conv: [100_000, 10_000], resnet: [3_000, 2_000], vit: [3_000, 2_000] };

// In the engine: bytes of its memory at every word of progress. The page's questions are left aside, because a network
// that is asked meanwhile needs room for its answers.
const record = `
  addEventListener("message", (event) => "ask" in event.data[0] && event.stopImmediatePropagation());
  let memory;
  const instantiate = WebAssembly.instantiateStreaming;
  WebAssembly.instantiateStreaming = async (...all) => {
    const made = await instantiate.call(WebAssembly, ...all);
    memory = made.instance.exports.memory;
    return made;
  };
  self.heard = [];
  const post = self.postMessage.bind(self);
  self.postMessage = (message, ...rest) => {
    const { step } = message[0].event;
    if (step) heard.push({ done: step.done, bytes: memory.buffer.byteLength });
    post(message, ...rest);
  };
`;

for (const [name, [steps, samples]] of Object.entries(TRAININGS)) {
  test(name, async ({ page }) => {
    test.setTimeout(3_600_000);
    await page.route("**/worker_cpu_loader.js", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: record + (await response.text()) });
    });
    await open(page);
    const file = readFileSync(new URL(`../../bench/${name}.toml`, import.meta.url), "utf8");
    await load(page, file.replace(/\bn = \d+/, `n = ${samples}`), 600_000);
    await play(page).click();
    const worker = page.workers()[0];
    const last = () => worker.evaluate(() => self.heard.at(-1)?.done ?? 0);
    await expect.poll(last, { intervals: [2_000], timeout: 3_600_000 }).toBeGreaterThanOrEqual(steps);
    const heard = await worker.evaluate(() => self.heard);
    const [first, early, late] = [0, steps / 10, steps].map((at) => heard.find(({ done }) => done >= at));
    const words = [first, early, late].map(({ done, bytes }) => `${(bytes / 1e6).toFixed(2)} MB at step ${done}`);
    console.log(`${name}: ${words.join(", ")}`);
    expect(late.bytes).toBe(early.bytes);
  });
}
