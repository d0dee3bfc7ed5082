// The engine for graphics devices with a hook in its worker: it counts what is asked of WebGPU, and loses the device
// when it is told to.

import { expect } from "@playwright/test";
import { open } from "./page.js";

/**
 * Runs in the worker before the engine. Every word of the engine then carries the counts so far. Questions of the page
 * are answered between two steps, and would be counted with them; `deaf`, the engine does not hear them.
 */
function hook(deaf) {
  const counts = { dispatches: 0, submits: 0, readbacks: 0, buffers: 0, bindings: 0, writes: 0 };
  const count = (what, { prototype }, ...methods) => {
    for (const method of methods) {
      const original = prototype[method];
      prototype[method] = function (...all) {
        counts[what]++;
        return original.apply(this, all);
      };
    }
  };
  count("dispatches", GPUComputePassEncoder, "dispatchWorkgroups", "dispatchWorkgroupsIndirect");
  count("submits", GPUQueue, "submit");
  count("readbacks", GPUBuffer, "mapAsync");
  count("buffers", GPUDevice, "createBuffer");
  count("bindings", GPUDevice, "createBindGroup");
  count("writes", GPUQueue, "writeBuffer");
  const say = postMessage.bind(self);
  self.postMessage = ([body, ...buffers], ...rest) =>
    say([{ ...body, counts: { ...counts }, now: performance.now() }, ...buffers], ...rest);

  const { requestDevice } = GPUAdapter.prototype;
  let device;
  GPUAdapter.prototype.requestDevice = async function (...all) {
    return (device = await requestDevice.apply(this, all));
  };
  addEventListener("message", (event) => {
    const lose = event.data === "lose the device";
    if (lose) device.destroy();
    if (lose || (deaf && "ask" in event.data[0])) event.stopImmediatePropagation();
  });
}

/** Before the page is opened. */
export async function hooked(page, { deaf = false } = {}) {
  // Left to itself, the page would find the CPU faster than an emulated adapter.
  await page.addInitScript(() => localStorage.setItem("palimpsest.device", '"webgpu"'));
  await page.route("**/worker_gpu_loader.js", async (route) => {
    if (route.request().method() !== "GET") return route.continue();
    const response = await route.fetch();
    await route.fulfill({ response, body: `(${hook})(${deaf});\n${await response.text()}` });
  });
}

/** The networks of a step that are counted, one with batch norm; numbers of dispatches do not hang on widths. */
export const NETS = {
  mlp: '{ id = "mlp", widths = [64] }',
  conv: '{ id = "cnn", channels = [16, 32], kernel = 3 }',
  resnet: '{ id = "resnet", width = 4, blocks = [1] }',
};

/** A run of Adam at batch 64; it evaluates every five steps, or thirty times if they are more. */
export const run = (net, epochs = 2) => `
version = 1
name = "counted"
tasks.digits = { id = "digits" }
model = ${NETS[net]}
stage = [{ id = "train.scratch", as = "digits", train = { epochs = ${epochs}, batch = 64, lr = 0.01 } }]
`;

/**
 * What training steps ask for, in stretches from the end of one evaluation to the last loss before the next one, and
 * what an evaluation asks for. The engine says an accuracy when its evaluation is over, and all losses before the next.
 */
export function stretches(said, stage) {
  const events = said.filter((said) => said.stage === stage && said.kind === "scalar");
  const [steps, evaluations] = [[], []];
  let begun, last;
  for (const { now, event: { series, step }, counts } of events) {
    if (series === "loss") {
      last = { step: step + 1, counts, now };
    } else if (series === "train_accuracy") {
      if (begun && last) {
        const n = last.step - begun.step;
        steps.push({ ...per(n, begun.counts, last.counts), ms: (last.now - begun.now) / n });
        evaluations.push(per(1, last.counts, counts));
      }
    } else if (series === "validation_accuracy") {
      begun = { step, counts, now };
    }
  }
  return { steps, evaluations };
}

const per = (n, before, after) =>
  Object.fromEntries(Object.keys(after).map((what) => [what, (after[what] - before[what]) / n]));

/** Opens the page with the hook in its graphics engine, and waits for that engine. */
export async function onGraphics(page, options) {
  await hooked(page, options);
  await open(page, "./");
  await expect(page.locator("button.badge")).toHaveText("WebGPUsoftware adapter", { timeout: 400_000 });
}
