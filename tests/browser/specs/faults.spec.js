// What may go wrong around the page: nothing finished is lost, one plain sentence says it, the console stays quiet.
import { deflateSync } from "node:zlib";
import { LONG, SHORT, asked, drop, hear, idx, load, open, play, playOne, recipe, routes, said, sentence, visit } from "./page.js";
import { expect, test } from "./test.js";

const notice = (page) => page.locator(".notice");

test("where the browser's storage is full, what was finished is there", async ({ page }) => {
  await page.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
    };
  });
  await open(page);
  await load(page, SHORT);
  await playOne(page);
  await expect(notice(page)).toContainText("The browser's storage for this page is full.");
  await expect(sentence(page)).toContainText("It reads");
  await visit(page, "runs");
  await expect(page.locator("#stage tbody tr")).toHaveCount(1);
});

test("where the browser keeps nothing, runs are listed and it is said once", async ({ page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(window, "localStorage", {
      get: () => {
        throw new DOMException("Access is denied for this document.", "SecurityError");
      },
    });
  });
  await open(page);
  await load(page, SHORT);
  await playOne(page);
  await expect(notice(page)).toContainText("This browser keeps nothing for this page.");
  await notice(page).getByRole("button", { name: "Close" }).click();
  await page.keyboard.press("]");
  await playOne(page);
  await expect(notice(page)).toHaveCount(0);
  await visit(page, "runs");
  await expect(page.locator("#stage tbody tr")).toHaveCount(2);
});

test("a tab that was hidden and stood still for 20 seconds goes on where it was", async ({ page }) => {
  await open(page);
  await load(page, LONG);
  await play(page).click();
  await hear(page, "step", 3);
  const steps = async () => (await said(page, "step")).at(-1).event.done;
  // Headless Chromium freezes no page, so the page's own thread is held: what the engine says meanwhile waits.
  const before = await page.evaluate(() => {
    const see = (state) => {
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    };
    see("hidden");
    const until = performance.now() + 20_000;
    while (performance.now() < until);
    see("visible");
    return window.said.filter(({ kind }) => kind === "step").at(-1).event.done;
  });
  await expect.poll(steps).toBeGreaterThan(before);
  await expect(play(page)).toHaveText("Pause");
  await expect(notice(page)).toHaveCount(0);
  expect(await asked(page, "run")).toHaveLength(1);
});

test("a link with hostile text is shown as text", async ({ page }) => {
  const hostile = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u202e\u0000{{1}}';
  const run = {
    version: 1,
    name: hostile,
    tasks: { [hostile]: { id: "digits" } },
    model: { id: "mlp" },
    stage: [{ id: "train.scratch", as: "<svg onload=hacked=1>", train: { epochs: 1 } }],
  };
  const link = deflateSync(JSON.stringify(run)).toString("base64url");
  await open(page, `./?backend=cpu#r=${link}`);
  await expect(notice(page)).toHaveCount(0);
  await playOne(page);
  await expect(sentence(page)).toContainText("It reads");
  await page.getByRole("button", { name: "Share" }).first().click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await visit(page, "runs");
  await expect(page.locator("#stage tbody tr")).toHaveCount(1);
  expect(await page.locator("img[src=x], svg[onload], #app script").count()).toBe(0);
  expect(await page.evaluate(() => window.hacked)).toBeUndefined();

  // What no link can be is refused.
  for (const text of ['{"version":1', "[".repeat(100_000), `{"version":1,"x":"${"y".repeat(2_000_000)}"}`]) {
    await page.goto("about:blank");
    await open(page, `./?backend=cpu#r=${deflateSync(text).toString("base64url")}`);
    await expect(notice(page)).toContainText("This link cannot be read.");
  }
});

test("own weights that are not here any more are asked for, and nothing is fetched in their place", async ({ page }) => {
  const fetched = [];
  page.on("request", (request) => fetched.push(request.url()));
  await open(page);
  await drop(page, "run.toml", recipe("digits-mlp").replace("widths = [64]", 'widths = [64], weights = "../mine"'));
  await expect(page.locator(".transport")).toContainText("drop it on the page");
  expect(fetched.filter((url) => url.includes("mine"))).toEqual([]);
});

test("of a run file with a grid the page says what it plays", async ({ page }) => {
  await open(page);
  await load(page, recipe("digits-mlp").replace("stage = [", 'grid."stage.digits.train.lr" = [0.01, 0.02]\nstage = ['));
  await expect(notice(page)).toContainText("The page plays one run of this file.");
});

test.describe("an engine whose script cannot be fetched", () => {
  // The browser writes what it could not fetch to its console.
  test.use({ provoked: /worker_cpu_loader/ });

  test("is tried twice, and then it is said", async ({ page }) => {
    let tries = 0;
    await page.route("**/cpu/worker_cpu_loader.js", (route) => {
      tries += 1;
      return route.abort();
    });
    await page.goto("./?backend=cpu");
    await expect(page.locator(".banner")).toContainText("The engine did not start", { timeout: 30_000 });
    await expect(play(page)).toHaveText("No engine here");
    // Longer than the wait before another try.
    await page.waitForTimeout(4000);
    expect(tries).toBe(2);
  });
});

test("an address that leads nowhere leads to the first lab", async ({ page }) => {
  await open(page);
  await page.goto("./?backend=cpu#/runs");
  await page.evaluate(() => (location.hash = "#/nope"));
  await expect.poll(() => page.evaluate(() => location.hash.slice(2))).toBe((await routes(page))[0]);
});

test("a file of 2 GB is refused by its size, unread", async ({ page }) => {
  await open(page);
  for (const name of ["weights.safetensors", "train-images-idx3-ubyte.gz", "run.toml"]) {
    const dataTransfer = await page.evaluateHandle((name) => {
      const piece = new Blob([new Uint8Array(1 << 26)]);
      const data = new DataTransfer();
      data.items.add(new File(Array(32).fill(piece), name));
      File.prototype.arrayBuffer = File.prototype.stream = FileReader.prototype.readAsArrayBuffer = () => {
        throw new Error("the file was read");
      };
      return data;
    }, name);
    await page.dispatchEvent("body", "drop", { dataTransfer });
    await expect(notice(page)).toContainText("MB, the limit");
    await notice(page).getByRole("button", { name: "Close" }).click();
  }
});

test("a file counts as loaded when the engine has read it", async ({ page }) => {
  await open(page);
  await load(page, recipe("digits-mlp"));
  await page.evaluate(() => {
    window.told = [];
    new MutationObserver(() => window.told.push(document.querySelector(".notice")?.textContent ?? "")).observe(
      document.body,
      { childList: true, subtree: true, characterData: true },
    );
  });
  const told = () => page.evaluate(() => window.told.splice(0).join("\n"));
  await drop(page, "mine.safetensors", "no weights");
  await expect(notice(page)).toContainText("mine.safetensors cannot be used as it is.");
  await drop(page, "images-idx3-ubyte", idx([3, 8, 8], [1, 2]));
  await expect(notice(page)).toContainText("images-idx3-ubyte cannot be used as it is.");
  const before = await told();
  expect(before).toContain("mine.safetensors is being read.");
  expect(before).toContain("images-idx3-ubyte is being read.");
  expect(before).not.toContain("is loaded");
});

test.describe("the page's policy", () => {
  // The test itself asks a stranger.
  test.use({ provoked: /Content Security Policy/ });

  test("images that are dropped and trained on stay in the tab", async ({ page }) => {
    const requests = [];
    page.on("request", (request) => {
      if (!/^(blob|data):/.test(request.url())) requests.push(request.url());
    });
    await open(page);
    const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute("content");
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toContain("'unsafe-eval'");
    await load(page, recipe("digits-mlp"));
    // The parts of the page come a moment after its engine; from here on there is nothing to fetch.
    const still = async () => {
      const count = requests.length;
      await page.waitForTimeout(1500);
      return requests.length === count && requests.some((url) => url.includes("split_pages"));
    };
    await expect.poll(still, { timeout: 60_000 }).toBe(true);
    requests.length = 0;
    const [n, size] = [120, 8];
    const labels = Array.from({ length: n }, (_, at) => at % 2);
    const image = (label) => Array.from({ length: size * size }, (_, at) => ((at % size < 4) === (label === 1) ? 255 : 0));
    await drop(page, "images-idx3-ubyte", idx([n, size, size], labels.flatMap(image)));
    await drop(page, "labels-idx1-ubyte", idx([n], labels));
    await expect(notice(page)).toContainText("is loaded");
    await expect(play(page)).toBeEnabled();
    await playOne(page);
    await expect(sentence(page)).toContainText("images it has never seen");
    expect(requests).toEqual([]);
    // And could not leave it: the policy refuses a stranger's address before anything is sent.
    // The engine, which holds the images, is no way out either.
    const ask = () => fetch("https://example.com/").then(() => "sent", () => "refused");
    for (const place of [page, page.workers()[0]]) {
      expect(await place.evaluate(ask)).toBe("refused");
    }
  });
});

test("a run goes on behind a stage that failed, and says what it skips", async ({ page }) => {
  await open(page);
  const failing = `    { id = "unlearn.gradient-ascent", as = "up", train = { lr = 10, epochs = 1000 } },
    { id = "attack.fgsm", as = "on-up", epsilon = 0.1 },
    { id = "attack.fgsm", as = "fooled", from = "digits", epsilon = 0.1 },
]`;
  await load(page, SHORT.replace(/    { id = "attack[^]*\]/, failing));
  await page.locator(".transport .line button").click();
  await hear(page, "finished");
  const failed = (await said(page, "failed")).map(({ stage }) => stage);
  const skipped = (await said(page, "skipped")).map(({ stage, event }) => [stage, event.on]);
  const done = (await said(page, "stage_done")).map(({ stage }) => stage);
  expect([failed, skipped, done]).toEqual([["up"], [["on-up", "up"]], ["digits", "fooled"]]);
  await expect(page.locator(".layer.failed")).toHaveCount(1);
});

test("shipped networks are there under every name", async ({ page }) => {
  await open(page);
  const letters = '{ id = "cnn", weights = "letters-cnn" }';
  const run = SHORT.replace("model =", `models.letters = ${letters}\nmodel =`).replace(
    '{ id = "unlearn',
    '{ id = "transfer.full-finetune", as = "tuned", from = "letters", train = { epochs = 1 } },\n    { id = "unlearn',
  );
  await load(page, run);
  await playOne(page);
  await expect(notice(page)).toHaveCount(0);
  await expect(sentence(page)).toContainText("It reads");
});
