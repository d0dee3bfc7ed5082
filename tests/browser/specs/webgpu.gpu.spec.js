// The engine for graphics devices, on an adapter that is emulated on the CPU: right or wrong, never fast.
import { apart, commandLine, hear, load, losses, open, play, said } from "./page.js";
import { expect, test } from "./test.js";

/** Without momentum or Adam, which make much of a gradient's last bits. */
const TINY = `
version = 1
name = "tiny"
tasks.digits = { id = "digits" }
model = { id = "mlp", widths = [16] }
stage = [{ id = "train.scratch", as = "digits", train = { epochs = 3, optimizer = "sgd", lr = 0.5 } }]
`;

test("a small network learns on WebGPU what it learns on the CPU", async ({ page }) => {
  // Left to itself, the page would find the CPU faster than this adapter.
  await page.addInitScript(() => localStorage.setItem("palimpsest.device", '"webgpu"'));
  await open(page, "./");
  const badge = page.locator("button.badge");
  await expect(badge).toHaveText("WebGPUsoftware adapter", { timeout: 400_000 });
  const { event: ready } = (await said(page, "ready")).at(-1);
  expect([ready.device, ready.software]).toEqual(["webgpu", true]);
  await badge.click();
  await expect(page.getByRole("dialog")).toContainText("This adapter is emulated on the CPU");
  await page.keyboard.press("Escape");

  await load(page, TINY);
  await play(page).click();
  await hear(page, "finished", 0, 400_000);
  const theirs = commandLine(TINY);
  const [{ run, event: { report: ours } }] = await said(page, "finished");
  const events = await page.evaluate((run) => window.said.filter((said) => said.run === run), run);
  const { report } = theirs.at(-1).event;
  expect(ours.device).toBe("webgpu");
  expect(ours.hashes).toEqual(report.hashes);
  const [here, there] = [losses(events, "digits"), losses(theirs, "digits")];
  expect(here.length).toBe(there.length);
  expect(apart(here.slice(0, 10), there.slice(0, 10))).toBeLessThan(1e-4);
  const accuracy = ({ rows }) => rows.find(({ key }) => key === "accuracy");
  const { value, n } = accuracy(ours);
  expect(Math.abs(value - accuracy(report).value)).toBeLessThanOrEqual(Math.max(1.5, 300 / n));
});
