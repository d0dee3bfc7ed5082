// Milliseconds of one step in the page's CPU engine, in the last stage of every run file of tests/bench: prints one
// line of JSON as tests/bench/step.rs does, and gates nothing.
import { readdirSync, readFileSync } from "node:fs";
import { asked, hear, load, open, play, said } from "./page.js";
import { test } from "./test.js";

// Seconds from the first word of progress that are not measured, and those after them that are.
const WARM = 1;
const MEASURED = 5;
const folder = new URL("../../bench/", import.meta.url);

// In the engine: keeps its words of progress by its own clock, because the page may be late to hear them, and leaves
// the page's questions aside, which would share its thread.
const record = `
  addEventListener("message", (event) => "ask" in event.data[0] && event.stopImmediatePropagation());
  self.heard = [];
  const post = self.postMessage.bind(self);
  self.postMessage = (message, ...rest) => {
    const [{ stage, event }] = message;
    if (event.step) heard.push({ stage, at: performance.now(), done: event.step.done });
    post(message, ...rest);
  };
`;

test("a step of every workload", async ({ page }) => {
  test.setTimeout(600_000);
  await page.route("**/worker_cpu_loader.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: record + (await response.text()) });
  });
  const workloads = {};
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".toml"))) {
    await open(page);
    await load(page, readFileSync(new URL(file, folder), "utf8"));
    const all = page.locator(".transport .line button");
    await ((await all.count()) > 0 ? all : play(page)).click();
    await hear(page, "stage");
    const { spec } = (await asked(page, "run")).at(-1);
    await hear(page, "stage", spec.stage.length - 1);
    const { stage } = (await said(page, "stage")).at(-1);
    const first = (last) => window.said.some(({ stage, kind }) => stage === last && kind === "step");
    await page.waitForFunction(first, stage);
    await page.waitForTimeout(1e3 * (WARM + MEASURED));
    await page.getByRole("button", { name: "Stop" }).click();
    await hear(page, "cancelled");
    const words = await page.workers()[0].evaluate(() => self.heard);
    const heard = words.filter((word) => word.stage === stage);
    const warm = heard.filter(({ at }) => at >= heard[0].at + 1e3 * WARM);
    const pairs = warm.slice(1).map((word, before) => [warm[before], word]);
    // A restart of an attack counts from one again.
    const steps = pairs.filter(([a, b]) => b.done > a.done).map(([a, b]) => (b.at - a.at) / (b.done - a.done));
    steps.sort((a, b) => a - b);
    workloads[spec.name] = { min: steps[0], median: steps[steps.length >> 1] };
  }
  console.log(JSON.stringify({ unit: "ms", workloads }));
});
