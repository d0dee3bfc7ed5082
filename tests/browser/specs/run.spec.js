// One run: steered, asked in between, linked, and lost.
import { asked, draw, drop, hear, load, LONG, open, play, recipe, said, sentence } from "./page.js";
import { complaints, expect, test } from "./test.js";

test("a run pauses, goes on by single steps, and stops at once", async ({ page }) => {
  await open(page);
  await load(page, LONG);
  const line = page.locator(".transport .line");
  const oneStep = page.getByRole("button", { name: "One step" });

  await play(page).click();
  await expect(play(page)).toHaveText("Pause");
  await hear(page, "step", 1);
  await play(page).click();
  await hear(page, "paused");
  await expect(play(page)).toHaveText("Go on");
  const [{ event: { step } }] = await said(page, "paused");
  expect(step).toBeGreaterThan(0);

  for (let more = 1; more <= 3; more++) {
    await oneStep.click();
    await hear(page, "paused", more);
    expect((await said(page, "paused")).at(-1).event.step).toBe(step + more);
  }
  await expect(line).toContainText("Paused at step");

  await play(page).click();
  await hear(page, "resumed");
  await expect(play(page)).toHaveText("Pause");
  await page.getByRole("button", { name: "Stop" }).click();
  await hear(page, "cancelled");
  const [{ at: pressed }] = await asked(page, "cancel");
  const [{ at: heard, event: cancelled }] = await said(page, "cancelled");
  expect(heard - pressed).toBeLessThan(500);
  expect(cancelled.step).toBeGreaterThanOrEqual(step + 3);
  await expect(sentence(page)).toContainText(/You stopped at step [\d,]+\. What was written stays: it reads [\d.]+/);
  await expect(play(page)).toHaveText("Start again");
  expect(await said(page, "stage_done")).toEqual([]);
});

test("what is drawn of a run that goes on is of validation samples, and says so", async ({ page }) => {
  await open(page);
  await load(page, LONG);
  await play(page).click();
  await expect(page.locator(".leaf .sub").first()).toContainText("figures: validation, n = 144");
  await play(page).click();
  await hear(page, "paused");
  const answers = async (series) =>
    (await said(page, "answers")).filter(({ stage, event }) => stage === "digits" && event.series === series);
  const { answers: valid } = (await answers("valid")).at(-1).event;
  expect(valid.ids).toHaveLength(144);
  const right = valid.labels.filter((label, at) => valid.classes[at] === label).length;
  const accuracy = (100 * right) / 144;
  const big = page.locator(".leaf .big");
  await expect(async () => {
    expect(Math.abs(parseFloat(await big.textContent()) - accuracy)).toBeLessThan(0.0501);
  }).toPass();
  const curve = (await said(page, "scalar")).filter(({ event }) => event.series === "validation_accuracy");
  expect(curve.at(-1).event.n).toBe(144);
  expect(curve.at(-1).event.value).toBeCloseTo(accuracy, 4);
  await expect(sentence(page)).toContainText(`${accuracy.toFixed(1)}\u202f% of 144 digits for validation`);
  const byClass = valid.labels.reduce((sums, label, at) => {
    sums[label] ??= [0, 0];
    sums[label][0] += valid.classes[at] === label;
    sums[label][1] += 1;
    return sums;
  }, {});
  const shares = await page.locator(".leaf .row .share").allInnerTexts();
  expect(shares).toEqual(Object.values(byClass).map(([right, all]) => String(Math.round((100 * right) / all))));
  await expect(page.locator(".layer.running .head span")).toHaveAttribute("title", "Accuracy by class: validation, n = 144");
  // The tiles are of the test split, of which nothing else is known: it is for the figures of a layer that is done.
  const { answers: shown } = (await answers("shown")).at(-1).event;
  expect(shown.ids).toHaveLength(70);
  const wrong = shown.labels.filter((label, at) => shown.classes[at] !== label).length;
  await expect(page.locator(".leaf .tile.wrong")).toHaveCount(wrong);
  expect(await answers("test")).toEqual([]);
});

test("how often it is looked is a setting of the run", async ({ page }) => {
  await open(page);
  await load(page, LONG.replace("epochs = 1000, batch = 2", "epochs = 2, batch = 64"));
  await page.locator(".strip .layer button.card").first().click();
  await page.getByText("Looks while it learns").click();
  for (const [label, value] of [
    ["steps between looks, value", "20"],
    ["validation samples, value", "30"],
  ]) {
    await page.getByLabel(label).fill(value);
    await page.getByLabel(label).press("Enter");
  }
  await play(page).click();
  await hear(page, "stage_done");
  const { spec } = (await asked(page, "run")).at(-1);
  expect([spec.every, spec.look]).toEqual([20, 30]);
  const curve = (await said(page, "scalar")).filter(({ event }) => event.series === "validation_accuracy");
  expect(curve.map(({ event }) => [event.step, event.n])).toEqual([[0, 30], [20, 30], [40, 30]]);
  await page.getByLabel("validation samples, value").fill("0");
  await page.getByLabel("validation samples, value").press("Enter");
  await expect(page.getByLabel("validation samples, value")).toHaveValue("all");
});

test("a first step on an idle layer is one step", async ({ page }) => {
  await open(page);
  await load(page, LONG);
  await page.getByRole("button", { name: "One step" }).click();
  await hear(page, "paused");
  expect((await said(page, "paused")).map(({ event }) => event.step)).toEqual([1]);
  await expect(play(page)).toHaveText("Go on");
});

test("the pad is answered while a run goes on", async ({ page }) => {
  await open(page);
  await load(page, LONG);
  await play(page).click();
  await hear(page, "step", 1);
  const chips = page.locator(".draw .chips");
  await draw(page, [[0.5, 0.15], [0.5, 0.85]]);
  await expect(chips.locator(".top")).toHaveCount(1);
  await expect(play(page)).toHaveText("Pause");
  const one = await chips.innerText();

  await draw(page, [[0.5, 0.15], [0.85, 0.15], [0.85, 0.85], [0.5, 0.85], [0.5, 0.15]]);
  await expect(chips).not.toHaveText(one);
  await expect(play(page)).toHaveText("Pause");
  expect(await said(page, "stage_done")).toEqual([]);
});

test("a link brings a whole experiment to another browser, and starts nothing", async ({ page, browser, baseURL }) => {
  await open(page);
  await load(page, recipe("four-labs").replace("rank = 4", "rank = 3").replace("version = 1", "version = 1\nseed = 7"));
  const titles = await page.locator(".strip .layer .title, .strip .note").allInnerTexts();
  expect(titles).toContain("LoRA, rank 3");
  await page.getByRole("button", { name: "Share" }).first().click();
  const [link, command] = await page.getByRole("dialog").locator("pre").allInnerTexts();
  expect(link.startsWith(`${baseURL}?backend=cpu#r=`)).toBe(true);
  expect(command).toBe("palimpsest run four-labs --set seed=7 --set stage.lora.rank=3");

  const other = await browser.newPage();
  const errors = complaints(other);
  const commands = [];
  await other.exposeFunction("overheard", (command) => commands.push(command));
  await other.addInitScript(() => {
    window.Worker = class extends Worker {
      postMessage(message, ...rest) {
        window.overheard(message[0]);
        super.postMessage(message, ...rest);
      }
    };
  });
  await open(other, link);
  await expect(other.locator(".strip .layer .title, .strip .note")).toHaveText(titles);
  // The time is known when the engine has prepared this run.
  await expect(other.locator(".transport .line")).toContainText("About");
  const prepared = commands.filter((command) => "prepare" in command).at(-1).prepare.spec;
  expect(prepared.seed).toBe(7);
  expect(prepared.stage.find((stage) => stage.as === "lora").rank).toBe(3);
  expect(commands.filter((command) => "run" in command)).toEqual([]);
  await expect(play(other)).toHaveText("Teach it digits");
  await other.close();
  expect(errors).toEqual([]);
});

test("a link that was cut says so and leaves the default", async ({ page }) => {
  await open(page, "./?backend=cpu#r=H4sIAAAAAAAAA");
  await expect(page.locator(".notice")).toContainText("This link cannot be read.");
  expect(await asked(page, "run")).toEqual([]);
});

/** A second layer that is long enough to be interrupted. */
const TWO = `
version = 1
name = "two"
tasks.digits = { id = "digits" }
model = { id = "mlp", widths = [64] }
stage = [
    { id = "train.scratch", as = "digits", train = { epochs = 5, lr = 0.01 } },
    { id = "peft.lora", as = "lora", train = { epochs = 100, lr = 0.01 } },
]
`;

test.describe("a killed engine", () => {
  test.use({ provoked: /killed by a test/ });

  test("comes back with its finished models, and the layer in hand is played again", async ({ page }) => {
    // As a panic ends: a last word, then a trap.
    await page.route("**/worker_cpu_loader.js", async (route) => {
      const response = await route.fetch();
      const die = `addEventListener("message", (event) => {
        if (event.data !== "die") return;
        event.stopImmediatePropagation();
        const failed = { cause: "panic", message: "killed by a test", step: null, kept: null, cure: null };
        postMessage([{ run: 0, event: { failed } }]);
        throw new Error("killed by a test");
      });\n`;
      await route.fulfill({ response, body: die + (await response.text()) });
    });
    await open(page);
    await load(page, TWO);
    await play(page).click();
    await hear(page, "stage_done");
    await expect(play(page)).toHaveText("Next: adapt it");
    await play(page).click();
    await play(page).click();
    await page.waitForFunction(() => said.some(({ stage, kind }) => stage === "lora" && kind === "step"));
    await page.evaluate(() => engines.at(-1).postMessage("die"));

    await expect(page.locator(".notice[role=alert]")).toContainText("The engine stopped at an error of its own.");
    await hear(page, "stage_done", 1);
    await expect(play(page)).toHaveText("Play it all again");
    await expect(sentence(page)).toContainText("LoRA trained");
    expect(await page.evaluate(() => engines.length)).toBe(2);
    // The first layer was handed over, not played again.
    const imports = (await asked(page, "import")).filter(({ what }) => what === "weights");
    expect(imports.map(({ name }) => name)).toEqual(["digits"]);
    expect((await asked(page, "run")).map(({ first }) => first)).toEqual([0, 1, 1]);
    expect((await said(page, "stage")).map(({ stage }) => stage)).toEqual(["digits", "lora", "lora"]);
  });
});

test("a graphics engine that is built later takes over when no run is in hand", async ({ page }) => {
  let built = false;
  // The CPU engine under another name: what counts here is when it is found and when it is used.
  const disguise = `
    import init from "../cpu/worker_cpu.js";
    const say = postMessage.bind(self);
    self.postMessage = ([body, ...buffers], ...rest) => {
      const { ready } = body.event;
      if (ready) Object.assign(ready, { device: "webgpu", adapter: "made by a test" });
      say([body, ...buffers], ...rest);
    };
    await init();`;
  await page.route("**/gpu/worker_gpu_loader.js", (route) =>
    route.fulfill(built ? { contentType: "text/javascript", body: disguise } : { status: 204 }),
  );
  await open(page, "./");
  const badge = page.locator("button.badge");
  await expect(badge).toHaveText("CPUthe only engine here");
  // Long enough to be found at work by an engine that comes late.
  await load(page, TWO.replace("epochs = 100", "epochs = 1000, batch = 2"));
  await play(page).click();
  await hear(page, "stage_done");
  await expect(play(page)).toHaveText("Next: adapt it");
  await play(page).click();
  await play(page).click();
  await page.waitForFunction(() => said.some(({ stage, kind }) => stage === "lora" && kind === "step"));

  built = true;
  await hear(page, "ready", 1);
  const known = (await said(page, "step")).length;
  await hear(page, "step", known + 5);
  await expect(play(page)).toHaveText("Pause");
  await page.getByRole("button", { name: "Stop" }).click();
  await hear(page, "cancelled");
  await expect(badge).toHaveText("WebGPUchecked against CPU");
  expect((await asked(page, "import")).filter(({ what }) => what === "weights")).toEqual([]);
  const before = (await said(page, "step")).length;
  await play(page).click();
  await hear(page, "step", before);
  // What the CPU had finished went with it.
  const imports = (await asked(page, "import")).filter(({ what }) => what === "weights");
  expect(imports.map(({ name }) => name)).toEqual(["digits"]);
});

test("points in a plane have a map of what the network names where", async ({ page }) => {
  await open(page);
  await drop(page, "moons.toml", recipe("moons"));
  const map = page.locator(".leaf .map canvas");
  await expect(map).toBeVisible();
  const areas = () =>
    map.evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const colours = {};
      for (let at = 0; at < data.length; at += 4) {
        const colour = data.slice(at, at + 3).join();
        colours[colour] = (colours[colour] ?? 0) + 1;
      }
      return { side: canvas.width, shares: Object.values(colours).map((count) => count / (data.length / 4)).sort() };
    });
  await expect.poll(async () => (await areas()).side).toBe(96);
  await expect(play(page)).toBeEnabled();
  await play(page).click();
  await hear(page, "stage_done");
  // Both moons have land, and their marks lie on it.
  await expect.poll(async () => (await areas()).shares.filter((share) => share > 0.2).length).toBe(2);
  for (const kind of ["keep", "lose"]) await expect(page.locator(`.leaf .map svg text.${kind}`).first()).toBeVisible();
});
