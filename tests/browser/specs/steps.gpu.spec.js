// What a training step asks of WebGPU.
import { hear, load, play, said } from "./page.js";
import { expect, test } from "./test.js";
import { onGraphics, run, stretches } from "./webgpu.js";

/** Milliseconds: compiling for an emulated device takes most of it. */
const SLOW = 400_000;

/**
 * Steps of a training at which the engine tries to record a step, counted from 0, until the device has done it. A device
 * may refuse where memory was given back meanwhile; that step has then run once in vain.
 */
const RECORDED = [3, 6, 12];

test("a training step asks little of the graphics device", async ({ page }) => {
  await onGraphics(page, { deaf: true });
  for (const [net, most] of [["mlp", 15], ["conv", 20], ["resnet", 48]]) {
    await load(page, run(net), SLOW);
    const from = (await said(page, "scalar")).length;
    const known = (await said(page, "finished")).length;
    await play(page).click();
    await hear(page, "finished", known, SLOW);
    const { steps } = stretches((await said(page, "scalar")).slice(from), "digits");
    expect(steps.length).toBeGreaterThan(5);
    // The first steps make what the optimiser remembers, and one of them is recorded. What follows is a replay, but for
    // the rows of a new epoch: one upload, one dispatch, in one of these stretches of five steps each.
    const late = 1 + Math.floor(Math.max(...RECORDED) / 5);
    for (const { dispatches } of steps.slice(1, late)) expect(dispatches).toBeLessThanOrEqual((most * 6) / 5 + 1e-9);
    for (const { dispatches, submits, readbacks, buffers, bindings, writes } of steps.slice(late)) {
      expect(dispatches).toBeGreaterThan(10);
      expect(dispatches).toBeLessThanOrEqual(most + 1 / 5 + 1e-9);
      expect(bindings).toBeLessThanOrEqual(1 / 5 + 1e-9);
      expect(writes).toBeLessThanOrEqual(2 / 5 + 1e-9);
      expect(buffers).toBeLessThanOrEqual(1 / 5 + 1e-9);
      // All losses of a tick in one buffer; a slow device has a tick for every step.
      expect(readbacks).toBeLessThanOrEqual(1);
      // A readback submits what was queued, and its copy.
      expect(submits - 2 * readbacks).toBeLessThanOrEqual(1 + 1e-9);
    }
    const still = steps.slice(late).filter(({ dispatches }) => dispatches <= most + 1e-9);
    expect(still.length).toBeGreaterThanOrEqual(steps.length / 2);
    for (const { bindings, buffers, writes } of still) expect([bindings, buffers, writes]).toEqual([0, 0, 0]);
  }
});
