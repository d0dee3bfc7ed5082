// What was finished outlives a reload and a crash: the browser keeps it, and the engine says it again.
import { LONG, asked, hear, load, open, play, playAll, playOne, record, said, sentence, visit } from "./page.js";
import { complaints, expect, test } from "./test.js";

/** Two layers, an attack, and a forgetter with its reference. */
const CHAIN = `
version = 1
name = "kept"
retrain_seeds = 1
tasks.digits = { id = "digits" }
tasks.tilted = { id = "digits", tilt = 30 }
model = { id = "mlp", widths = [32] }
forget = { id = "class", class = 3 }
stage = [
    { id = "train.scratch", as = "digits", train = { epochs = 3, lr = 0.01 } },
    { id = "attack.fgsm", as = "fooled", epsilon = 0.1 },
    { id = "peft.lora", as = "lora", on = "tilted", train = { epochs = 2, lr = 0.01 } },
    { id = "unlearn.finetune", as = "forgot", train = { epochs = 1 } },
]
`;
const NAMES = ["digits", "fooled", "lora", "forgot"];

/** What each stage came to, figures and times, as the engine has said it last. */
const figures = async (page) =>
  Object.fromEntries((await said(page, "stage_done")).map(({ stage, event }) => [stage, event]));

/** Waits until so many stages are done on the strip, played or not. */
const done = (page, n) => hear(page, "stage_done", n - 1);

/** The sentence of every layer, by its card. */
async function sentences(page) {
  const all = [];
  for (const card of await page.locator(".strip .layer button.card").all()) {
    await card.click();
    all.push(await sentence(page).textContent());
  }
  return all;
}

/** Plays all of a strip that is done once more. */
async function playAgain(page) {
  const known = (await said(page, "finished")).length;
  await expect(play(page)).toHaveText("Play it all again");
  await play(page).click();
  await hear(page, "finished", known);
}

/** Files of the page in the browser. */
const files = (page) =>
  page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("palimpsest");
    const names = [];
    for await (const name of folder.keys()) names.push(name);
    return names.sort();
  });

const notice = (page) => page.locator(".notice");

test("finished layers, what asks them, and references are there after a reload", async ({ page }) => {
  await open(page);
  await load(page, CHAIN);
  await playAll(page);
  const before = await figures(page);
  const told = await sentences(page);
  const curves = await page.locator("#stage .scene path").count();
  await visit(page, "runs");
  const rows = await page.locator("table.runs tbody tr").count();
  await expect(page.locator("#stage")).toContainText(/so that none is trained twice: 5 files, [\d.]+\s[kM]B of at most/);

  await page.reload();
  await expect(play(page)).toBeEnabled({ timeout: 60_000 });
  await done(page, 4);
  expect(Object.keys(before)).toEqual(NAMES);
  expect(await figures(page)).toEqual(before);
  expect(await said(page, "step")).toEqual([]);
  expect(await asked(page, "run")).toEqual([]);
  await expect(page.locator("table.runs tbody tr")).toHaveCount(rows);
  await expect(page.locator(".labs [aria-current=page]")).toHaveText("Runs");
  await page.locator(".labs a").first().click();
  expect(await sentences(page)).toEqual(told);
  expect(await page.locator("#stage .scene path").count()).toBe(curves);
  await expect(notice(page)).toHaveCount(0);
  await expect(play(page)).toHaveText("Play it all again");

  // The forgetter is played once more, and the reference is not.
  await page.keyboard.press("r");
  await play(page).click();
  await done(page, 5);
  const phases = (await said(page, "phase")).filter(({ event }) => event.before).map(({ event }) => event.name);
  expect(phases).toEqual(["Retrained reference, from the store"]);
  expect((await said(page, "step")).length).toBeGreaterThan(0);
  const value = ({ rows }, key) => rows.find((row) => row.key === key).value;
  expect(value((await figures(page)).forgot, "ua")).toBe(value(before.forgot, "ua"));
  // Its row is a new one: it took another time.
  await visit(page, "runs");
  await expect(page.locator("table.runs tbody tr")).toHaveCount(rows + 1);
});

/** A layer that is soon done, and one that is not. */
const HALF = `
version = 1
name = "half"
tasks.digits = { id = "digits" }
model = { id = "mlp", widths = [32] }
stage = [
    { id = "train.scratch", as = "digits", train = { epochs = 2, lr = 0.01 } },
    { id = "peft.lora", as = "lora", train = { epochs = 1000, batch = 2 } },
]
`;

test("a tab that crashed in the middle of a layer has those before it", async ({ page, context, baseURL }) => {
  await open(page);
  await load(page, HALF);
  await playOne(page);
  const { digits } = await figures(page);
  await page.keyboard.press("]");
  await play(page).click();
  await page.waitForFunction(() => said.some(({ stage, kind }) => stage === "lora" && kind === "step"));
  const client = await context.newCDPSession(page);
  const crashed = page.waitForEvent("crash");
  client.send("Page.crash").catch(() => {});
  await crashed;

  const next = await context.newPage();
  const errors = complaints(next);
  await record(next);
  await open(next, `${baseURL}?backend=cpu`);
  await done(next, 1);
  expect(await figures(next)).toEqual({ digits });
  await expect(play(next)).toHaveText("Next: adapt it");
  // It is played on, without a step of the layer before it.
  await play(next).click();
  await play(next).click();
  await hear(next, "step");
  expect(new Set((await said(next, "step")).map(({ stage }) => stage))).toEqual(new Set(["lora"]));
  await next.close();
  expect(errors).toEqual([]);
});

test("a result that was reset stays away, and what stands on it waits for it", async ({ page }) => {
  await open(page);
  await load(page, CHAIN);
  await playAll(page);
  await expect.poll(() => files(page).then(({ length }) => length)).toBe(5);
  await page.locator(".strip .layer button.card").first().click();
  await page.keyboard.press("r");
  await expect.poll(() => files(page).then(({ length }) => length)).toBe(4);
  await page.reload();
  await expect(play(page)).toHaveText("Teach it digits", { timeout: 60_000 });
  await hear(page, "estimate");
  expect(await said(page, "stage_done")).toEqual([]);
  // Played again, it is trained, and what stands on the same network is taken from what is kept.
  await playAll(page);
  expect((await said(page, "step")).every(({ stage }) => stage === "digits")).toBe(true);
  expect((await said(page, "step")).length).toBeGreaterThan(0);
  expect((await said(page, "stage_done")).map(({ stage }) => stage).sort()).toEqual([...NAMES].sort());
  await expect(play(page)).toHaveText("Play it all again");
  // So it is when all is played again.
  await playAgain(page);
  const steps = new Set((await said(page, "step")).map(({ stage }) => stage));
  expect([...steps]).toEqual(expect.arrayContaining(NAMES));
});

test("a press of play at once, before anything has come back, trains nothing anew", async ({ page }) => {
  await open(page);
  await load(page, CHAIN);
  await playAll(page);
  const before = await figures(page);
  await page.addInitScript(() => {
    // As soon as there is a button, also while the engine loads.
    const press = () => {
      const button = document.querySelector("button.play");
      if (button && !button.disabled) button.click();
      else requestAnimationFrame(press);
    };
    addEventListener("DOMContentLoaded", press);
  });
  await page.reload();
  await expect(play(page)).toHaveText("Play it all again", { timeout: 60_000 });
  expect(await figures(page)).toEqual(before);
  expect(await said(page, "step")).toEqual([]);
  await visit(page, "runs");
  await expect(page.locator("table.runs tbody tr")).toHaveCount(4);
});

test("another run file, and the way back to the first", async ({ page }) => {
  await open(page);
  await load(page, CHAIN);
  await playAll(page);
  const before = await figures(page);
  await load(page, LONG);
  await page.reload();
  await expect(play(page)).toBeEnabled({ timeout: 60_000 });
  await load(page, CHAIN);
  await expect(play(page)).toHaveText("Play it all again");
  expect(await figures(page)).toEqual(before);
  expect(await said(page, "step")).toEqual([]);
});

test("where the room is small, the oldest leave and the run goes on", async ({ page, context, baseURL }) => {
  await open(page);
  await load(page, CHAIN);
  await playOne(page);
  await hear(page, "store", 1);
  const { bytes } = (await said(page, "store")).at(-1).event;
  // Half of the quota is for works: the first of them and a little more.
  const client = await context.newCDPSession(page);
  const origin = new URL(baseURL).origin;
  await client.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: Math.ceil(2.5 * bytes) });
  await page.keyboard.press("]");
  await playAll(page);
  await expect(notice(page)).toContainText("This browser has no room for more finished layers.");
  const told = (await said(page, "store")).map(({ event }) => event);
  expect(told.some(({ left }) => left > 0)).toBe(true);
  expect(told.every(({ is_full }) => !is_full)).toBe(true);
  for (const { bytes, room } of told) expect(bytes).toBeLessThanOrEqual(room);
  const { works } = told.at(-1);
  expect(works).toBeLessThan(5);
  expect(await files(page)).toHaveLength(works);
  // The first layer has left, and what stands on it waits for it.
  await page.reload();
  await expect(play(page)).toBeEnabled({ timeout: 60_000 });
  await hear(page, "estimate");
  expect(await said(page, "stage_done")).toEqual([]);

  // No room at all: it is said once, and the run goes on.
  await client.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1 });
  await page.locator(".strip .layer button.card").first().click();
  await playAll(page);
  await playAgain(page);
  await expect(notice(page)).toContainText("This browser has no room for what was finished.");
  expect((await said(page, "store")).filter(({ event }) => event.is_full)).toHaveLength(1);
  await client.send("Storage.overrideQuotaForOrigin", { origin });
});

/** Runs a script in the engine's worker before the engine. */
const inWorker = (page, script) =>
  page.addInitScript((script) => {
    window.Worker = class extends Worker {
      constructor(path, ...rest) {
        // What the page starts is a blob that imports the engine.
        const request = new XMLHttpRequest();
        request.open("GET", path, false);
        request.send();
        const engine = request.responseText.match(/"[^"]+"/)[0];
        const blob = new Blob([`${script};\nawait import(${engine});`], { type: "text/javascript" });
        super(URL.createObjectURL(blob), ...rest);
      }
    };
  }, script);

for (const [why, script] of [
  ["refuses files", `StorageManager.prototype.getDirectory = async () => { throw new DOMException("", "SecurityError") }`],
  ["has no files", "delete StorageManager.prototype.getDirectory"],
  ["has no storage", "delete WorkerNavigator.prototype.storage"],
  ["has no files to be written at once", "delete globalThis.FileSystemSyncAccessHandle"],
]) {
  test(`in a browser that ${why} nothing is kept, and nothing breaks`, async ({ page }) => {
    await inWorker(page, script);
    await open(page);
    await load(page, HALF);
    await playOne(page);
    expect(await said(page, "store")).toEqual([]);
    await expect(notice(page)).toHaveCount(0);
    await visit(page, "runs");
    await expect(page.locator("#stage")).not.toContainText("Finished layers are kept");
    await page.reload();
    await hear(page, "estimate");
    expect(await said(page, "stage_done")).toEqual([]);
  });
}

test("a layer is asked while its work is being written, and is not sent to the engine that has made it", async ({ page }) => {
  await inWorker(
    page,
    `const { createSyncAccessHandle } = FileSystemFileHandle.prototype;
    FileSystemFileHandle.prototype.createSyncAccessHandle = async function (...all) {
      await new Promise((later) => setTimeout(later, 4000));
      return createSyncAccessHandle.apply(this, all);
    }`,
  );
  await open(page);
  await load(page, HALF);
  await play(page).click();
  await hear(page, "saved");
  // The layer is looked at anew: the page asks how it sees the digits, at most twice a second.
  const cards = page.locator(".strip .layer button.card");
  const asks = async () => (await asked(page, "ask")).filter(({ stage }) => stage === "digits").length;
  const known = await asks();
  for (const card of [cards.nth(1), cards.first()]) {
    await page.waitForTimeout(600);
    await card.click();
  }
  await expect.poll(asks).toBeGreaterThan(known);
  expect(await said(page, "stage_done")).toEqual([]);
  await hear(page, "finished");
  expect((await asked(page, "import")).filter(({ what }) => what === "weights")).toEqual([]);
});

test("a file that cannot be written is said once, and the run goes on", async ({ page }) => {
  await inWorker(
    page,
    `FileSystemSyncAccessHandle.prototype.write = () => { throw new DOMException("", "QuotaExceededError") }`,
  );
  await open(page);
  await load(page, CHAIN);
  await playAll(page);
  await expect(notice(page)).toContainText("This browser has no room for what was finished.");
  expect((await said(page, "store")).filter(({ event }) => event.is_full)).toHaveLength(1);
  expect(await files(page)).toEqual([]);
});

test("what another build of the engine has left goes, and what was cut is played", async ({ page }) => {
  await open(page);
  await load(page, HALF);
  await playOne(page);
  const [work] = await files(page);
  expect(work).toMatch(/^worker_cpu-[0-9a-f]{16}\.[0-9a-f]{16}\.work$/);
  await page.evaluate(async (work) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("palimpsest");
    const put = async (name, text) => {
      const file = await (await folder.getFileHandle(name, { create: true })).createWritable();
      await file.write(text);
      await file.close();
    };
    await put("worker_cpu-0000000000000000.0000000000000000.work", "old");
    await put("worker_gpu-0000000000000000.0000000000000000.work", "of the other engine");
    const bytes = await (await (await folder.getFileHandle(work)).getFile()).arrayBuffer();
    await put(work, bytes.slice(0, bytes.byteLength - 1));
  }, work);
  await page.reload();
  await expect(play(page)).toHaveText("Teach it digits", { timeout: 60_000 });
  await expect.poll(() => files(page)).toEqual([work, "worker_gpu-0000000000000000.0000000000000000.work"]);
  expect(await said(page, "stage_done")).toEqual([]);
  await playOne(page);
  expect((await said(page, "step")).length).toBeGreaterThan(0);
  await page.reload();
  await done(page, 1);
});

test("what is kept can be deleted, apart from the list of runs", async ({ page }) => {
  await open(page);
  await load(page, HALF);
  await playOne(page);
  await visit(page, "runs");
  const line = page.locator("#stage", { hasText: "Finished layers are kept in this browser too" });
  await expect(line).toContainText("one file");
  await page.getByRole("button", { name: "Delete these files" }).click();
  await expect(line).toHaveCount(0);
  expect(await files(page)).toEqual([]);
  await expect(page.locator("table.runs tbody tr")).toHaveCount(1);
  await page.reload();
  await expect(play(page)).toBeEnabled({ timeout: 60_000 });
  await hear(page, "estimate");
  expect(await said(page, "stage_done")).toEqual([]);
  await expect(page.locator("table.runs tbody tr")).toHaveCount(1);
});
