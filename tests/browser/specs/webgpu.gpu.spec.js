// The engine for graphics devices, on an adapter that is emulated on the CPU: right or wrong, never fast.
import { apart, asked, commandLine, hear, load, losses, open, play, said, sentence } from "./page.js";
import { expect, test } from "./test.js";
import { onGraphics } from "./webgpu.js";

/** Milliseconds: compiling for an emulated device takes most of it. */
const SLOW = 400_000;

/** Without momentum or Adam, which make much of a gradient's last bits. */
const tiny = (model, epochs, lr, more = "") => `
version = 1
name = "tiny"
tasks.digits = { id = "digits" }
model = ${model}
stage = [
    { id = "train.scratch", as = "digits", train = { epochs = ${epochs}, optimizer = "sgd", lr = ${lr} } },
    ${more}
]
`;
/** What an attack's steps are recorded for, and what dropout, drawn on the host, keeps from being recorded. */
const AFTER = `{ id = "attack.pgd-linf", epsilon = 0.1, alpha = 0.02, steps = 10 },
    { id = "peft.lora", as = "lora", dropout = 0.3, train = { epochs = 1, batch = 64, optimizer = "sgd", lr = 0.1 } },`;
const TINY = [
  tiny('{ id = "mlp", widths = [16] }', 3, 0.5, AFTER),
  tiny('{ id = "resnet", width = 4, blocks = [1, 1] }', 1, 0.1),
  tiny('{ id = "vit", width = 8, depth = 1, heads = 2 }', 1, 0.1),
];

test("small networks learn on WebGPU what they learn on the CPU", async ({ page }) => {
  // Left to itself, the page would find the CPU faster than this adapter.
  await page.addInitScript(() => localStorage.setItem("palimpsest.device", '"webgpu"'));
  await open(page, "./");
  const badge = page.locator("button.badge");
  await expect(badge).toHaveText("WebGPUsoftware adapter", { timeout: SLOW });
  const { event: ready } = (await said(page, "ready")).at(-1);
  expect([ready.device, ready.software]).toEqual(["webgpu", true]);
  await badge.click();
  await expect(page.getByRole("dialog")).toContainText("This adapter is emulated on the CPU");
  await page.keyboard.press("Escape");

  for (const [known, text] of TINY.entries()) {
    await load(page, text, SLOW);
    const all = page.locator(".transport .line button");
    await ((await all.isVisible()) ? all : play(page)).click();
    await hear(page, "finished", known, SLOW);
    const theirs = commandLine(text);
    const { run, event: { report: ours } } = (await said(page, "finished")).at(-1);
    const events = await page.evaluate((run) => window.said.filter((said) => said.run === run), run);
    const { report } = theirs.at(-1).event;
    expect(ours.device).toBe("webgpu");
    expect(ours.hashes).toEqual(report.hashes);
    for (const stage of text.includes("peft.lora") ? ["digits", "lora"] : ["digits"]) {
      const [here, there] = [losses(events, stage), losses(theirs, stage)];
      expect(here.length).toBeGreaterThan(10);
      expect(here.length).toBe(there.length);
      expect(apart(here.slice(0, 10), there.slice(0, 10))).toBeLessThan(1e-4);
    }
    // All shares of the test split that either names.
    const shares = ({ rows }) => rows.filter(({ key }) => key.endsWith("accuracy"));
    expect(shares(ours).length).toBeGreaterThan(0);
    expect(shares(ours).length).toBe(shares(report).length);
    for (const [at, { value, n }] of shares(ours).entries()) {
      expect(Math.abs(value - shares(report)[at].value)).toBeLessThanOrEqual(Math.max(1.5, 300 / n));
    }
  }
});

const TWO = `
version = 1
name = "two"
tasks.digits = { id = "digits" }
model = { id = "mlp", widths = [16] }
stage = [
    { id = "train.scratch", as = "digits", train = { epochs = 1, lr = 0.01 } },
    { id = "peft.lora", as = "lora", train = { epochs = 4, lr = 0.01 } },
]
`;

test("a lost device is replaced and its layer played again; lost again, the CPU takes over", async ({ page }) => {
  await onGraphics(page);
  const badge = page.locator("button.badge");
  const alert = page.locator(".notice[role=alert]");
  /** Waits until the second layer is in its steps, by what was said after the first `n` words. */
  const stepping = (n) =>
    page.waitForFunction(
      (n) => said.slice(n).some(({ stage, event }) => stage === "lora" && event.series === "loss"),
      n,
      { polling: 20, timeout: SLOW },
    );
  const loseDevice = () => page.evaluate(() => engines.at(-1).postMessage("lose the device"));

  await load(page, TWO, SLOW);
  await play(page).click();
  await hear(page, "stage_done", 0, SLOW);
  await expect(play(page)).toHaveText("Next: adapt it");
  await play(page).click();
  await play(page).click();
  await stepping(0);
  // An emulated device takes long to start again, so the page's clock stands: the second loss is within a minute.
  await page.evaluate(() => {
    const now = performance.now();
    performance.now = () => now;
  });
  await loseDevice();
  await expect(alert).toContainText("The graphics device stopped answering.");
  await expect(badge).toHaveText("GPU loststarting again");
  await hear(page, "stage_done", 1, SLOW);
  await expect(badge).toHaveText("WebGPUsoftware adapter");
  await expect(sentence(page)).toContainText("LoRA trained");
  // The first layer was handed over, not played again.
  const imports = (await asked(page, "import")).filter(({ what }) => what === "weights");
  expect(imports.map(({ name }) => name)).toEqual(["digits"]);
  expect((await said(page, "stage")).map(({ stage }) => stage)).toEqual(["digits", "lora", "lora"]);

  const words = await page.evaluate(() => said.length);
  await expect(play(page)).toHaveText("Play it all again");
  await play(page).click();
  await stepping(words);
  await loseDevice();
  await expect(alert).toContainText("The graphics device was lost again, so the CPU takes over.");
  await hear(page, "stage_done", 3, SLOW);
  await expect(badge).toHaveText("CPUyour choice");
  const devices = (await said(page, "ready")).map(({ event }) => event.device);
  expect(devices).toEqual(["cpu", "webgpu", "cpu", "webgpu", "cpu"]);
});
