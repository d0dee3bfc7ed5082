// What a training step asks of WebGPU, and how long it takes beside jax-js: prints one line of JSON a network, gates
// nothing.
import { readFileSync } from "node:fs";
import { hear, load, open, play, said } from "./page.js";
import { hooked, NETS, run, stretches } from "./webgpu.js";
import * as jax from "./jax.js";
import { expect, test } from "./test.js";

const mean = (list) =>
  Object.fromEntries(
    Object.keys(list[0]).map((what) => {
      const sum = list.reduce((sum, counts) => sum + counts[what], 0);
      return [what, Number((sum / list.length).toFixed(2))];
    }),
  );

const median = (list) => Number(list.sort((a, b) => a - b)[list.length >> 1].toFixed(1));

test("dispatches, submits, readbacks, buffers and writes of a step and of an evaluation", async ({ page }) => {
  await hooked(page, { deaf: true });
  await open(page, "./");
  await expect(page.locator("button.badge")).toContainText("WebGPU", { timeout: 400_000 });
  const { event: { adapter, software } } = (await said(page, "ready")).at(-1);
  console.log(software ? `${adapter}, a software adapter: counts are a device's, times only shares of each other` : adapter);
  for (const net of Object.keys(NETS)) {
    await load(page, run(net, 8), 400_000);
    const from = (await said(page, "scalar")).length;
    const begun = await page.evaluate(() => performance.now());
    const known = (await said(page, "finished")).length;
    await play(page).click();
    await hear(page, "finished", known, 400_000);
    const { steps, evaluations } = stretches((await said(page, "scalar")).slice(from), "digits");
    const loss = (await said(page, "scalar")).slice(from).find(({ event: { series } }) => series === "loss");
    // The first stretches compile and search.
    const steady = steps.slice(2);
    const most = Math.max(...steady.map(({ dispatches }) => dispatches));
    const counted = { step: mean(steady), most, evaluation: mean(evaluations.slice(2)) };
    console.log(JSON.stringify({ net, first_step_ms: Math.round(loss.at - begun), ...counted }));
  }
});

test("a step of two workloads beside jax-js, either alone on the device", async ({ page }) => {
  await jax.served(page);
  await hooked(page, { deaf: true });
  await open(page, "./");
  await expect(page.locator("button.badge")).toContainText("WebGPU", { timeout: 400_000 });
  for (const net of ["mlp", "conv"]) {
    await load(page, readFileSync(new URL(`../../bench/${net}.toml`, import.meta.url), "utf8"), 400_000);
    const from = (await said(page, "scalar")).length;
    await play(page).click();
    await hear(page, "scalar", from + (net === "mlp" ? 1000 : 20), 400_000);
    await page.getByRole("button", { name: "Stop" }).click();
    await hear(page, "cancelled");
    const losses = (await said(page, "scalar")).slice(from).filter(({ event: { series } }) => series === "loss");
    // The losses of one reading come at one moment.
    const ends = losses.filter(({ now }, at) => losses[at + 1]?.now - now > 1).slice(net === "mlp" ? 10 : 5);
    const ours = ends.slice(1).map(({ now, event: { step } }, at) => {
      const before = ends[at];
      return (now - before.now) / (step - before.event.step);
    });
    const theirs = await page.evaluate(jax.steps, { net, n: net === "mlp" ? 50 : 12 });
    console.log(JSON.stringify({ net, ms: median(ours), "jax-js, ms": median(theirs) }));
  }
});
