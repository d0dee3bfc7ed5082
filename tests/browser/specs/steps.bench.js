// Milliseconds of one step in the page's CPU engine, in the last stage of every run file of tests/bench: prints one
// line of JSON as tests/bench/step.rs does, and gates nothing.
import { readdirSync, readFileSync } from "node:fs";
import { asked, hear, load, open, play, said } from "./page.js";
import { test } from "./test.js";

// Seconds from the first word of progress that are not measured, and those after them that are.
const WARM = 1;
const MEASURED = 5;
const folder = new URL("../../bench/", import.meta.url);

test("a step of every workload", async ({ page }) => {
  test.setTimeout(600_000);
  const workloads = {};
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".toml"))) {
    await open(page);
    await load(page, readFileSync(new URL(file, folder), "utf8"));
    const { spec } = (await asked(page, "prepare")).at(-1);
    const all = page.locator(".transport .line button");
    await ((await all.count()) > 0 ? all : play(page)).click();
    await hear(page, "stage", spec.stage.length - 1);
    const { stage } = (await said(page, "stage")).at(-1);
    await page.waitForFunction(
      (last) => window.said.some(({ stage, event }) => stage === last && event.event === "step"),
      stage,
    );
    await page.waitForTimeout(1e3 * (WARM + MEASURED));
    await page.getByRole("button", { name: "Stop" }).click();
    await hear(page, "cancelled");
    const words = (await said(page, "step")).filter((word) => word.stage === stage);
    const heard = words.map(({ at, event }) => ({ at, done: event.done }));
    const warm = heard.filter(({ at }) => at >= heard[0].at + 1e3 * WARM);
    const steps = warm.slice(1).map(({ at, done }, before) => (at - warm[before].at) / (done - warm[before].done));
    steps.sort((a, b) => a - b);
    workloads[spec.name] = { min: steps[0], median: steps[steps.length >> 1] };
  }
  console.log(JSON.stringify({ unit: "ms", workloads }));
});
