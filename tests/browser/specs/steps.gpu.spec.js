// What a training step asks of WebGPU.
import { hear, load, play, said } from "./page.js";
import { expect, test } from "./test.js";
import { onGraphics, run, stretches } from "./webgpu.js";

/** Milliseconds: compiling for an emulated device takes most of it. */
const SLOW = 400_000;

// A browser of its own, as Playwright gives it where an option differs: in one that had played other tests before, a
// stretch of steps was now and then counted with one step too many.
test.use({ headless: true });

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
    for (const { dispatches, submits, readbacks, buffers, bindings, writes } of steps.slice(1)) {
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
    const still = steps.slice(1).filter(({ dispatches }) => dispatches <= most + 1e-9);
    expect(still.length).toBeGreaterThan(steps.length / 2);
    for (const { bindings, buffers, writes } of still) expect([bindings, buffers, writes]).toEqual([0, 0, 0]);
  }
});
