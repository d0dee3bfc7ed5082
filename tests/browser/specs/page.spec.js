// The page by itself: what stands there, how it is steered, what is kept.
import { drop, inaccessible, labs, LONG, load, open, overflows, play } from "./page.js";
import { recipe, routes, sentence, tabs, visit } from "./page.js";
import { expect, test } from "./test.js";

test("the page loads from a sub-path, without an error and without asking a stranger", async ({ page, baseURL }) => {
  const foreign = [];
  const missing = [];
  page.on("response", (response) => {
    if (response.status() >= 400) missing.push(`${response.status()} ${response.url()}`);
  });
  page.on("request", (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(baseURL)) foreign.push(request.url());
  });
  await open(page, "./");
  await expect(page).toHaveTitle(/Palimpsest/);
  await expect(page.getByRole("main")).toBeVisible();
  await expect(page.locator(".leaf .row")).toHaveCount(10);
  const inked = await page.locator(".leaf .tile canvas").evaluateAll((tiles) =>
    tiles.filter((tile) => tile.getContext("2d").getImageData(0, 0, tile.width, tile.height).data.some((x) => x > 0)),
  );
  expect(inked.length).toBe(await page.locator(".leaf .tile").count());
  for (const route of await routes(page)) await visit(page, route);
  await page.waitForLoadState("networkidle");
  expect(foreign).toEqual([]);
  expect(missing).toEqual([]);
});

for (const colorScheme of ["light", "dark"]) {
  test(`an idle page can be used by everybody: ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await open(page);
    for (const route of await routes(page)) expect(await inaccessible(page, route), route).toEqual([]);
  });
}

test("nothing is wider than a phone", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await open(page);
  for (const route of await routes(page)) expect(await overflows(page, route), route).toEqual([]);
});

test("keys go to the labs, steer the run, and say what they do", async ({ page }) => {
  await open(page);
  await load(page, LONG);
  const names = await tabs(page).allInnerTexts();
  expect(names.length).toBeGreaterThanOrEqual(5);
  for (const [at, name] of names.entries()) {
    await page.keyboard.press(String(at + 1));
    await expect(page.locator(".labs [aria-current=page]")).toHaveText(name);
  }
  await page.keyboard.press("1");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);

  await page.keyboard.press(".");
  await expect(page.locator(".transport .line")).toContainText("Paused at step 1 of 646,000");
  await page.keyboard.press("Space");
  await expect(play(page)).toHaveText("Pause");
  await page.keyboard.press("Space");
  await expect(play(page)).toHaveText("Go on");
  await page.keyboard.press("s");
  await expect(sentence(page)).toContainText("You stopped at step");
});

test("the theme that was chosen is there at the next visit", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await open(page);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
  await page.getByRole("button", { name: "Light or dark" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  // Before the page's program draws anything.
  let go;
  const held = new Promise((resolve) => (go = resolve));
  await page.route("**/*.wasm", (route) => held.then(() => route.continue()));
  await page.reload({ waitUntil: "commit" });
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  go();
  await expect(play(page)).toBeEnabled({ timeout: 60_000 });
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("tabs open where the network has gone since the page was opened", async ({ page, context }) => {
  const loaded = [];
  page.on("requestfinished", (request) => loaded.push(request.url()));
  await open(page);
  for (const part of [...(await labs(page)), "pages"]) {
    await expect.poll(() => loaded.some((url) => url.includes(`split_${part}`)), part).toBe(true);
  }
  await page.waitForLoadState("networkidle");
  await context.setOffline(true);
  for (const tab of await tabs(page).all()) {
    await tab.click();
    await expect(tab).toHaveAttribute("aria-current", "page");
    await expect(page.locator("#stage .block").first()).toBeVisible();
  }
  await expect(page.locator(".notice")).toHaveCount(0);
});

test.describe("without the part that loads later", () => {
  test.use({ provoked: /Failed to (fetch|load)/ });

  test("the page says so, goes on, and tries again at the next press", async ({ page }) => {
    await open(page);
    const [first, ...others] = await labs(page);
    const parts = [];
    let lost = true;
    await page.route("**/split_*.wasm", (route) => {
      // What a visit begins with is there.
      if (route.request().url().includes(`split_${first}`)) return route.continue();
      parts.push(route.request().url());
      return lost ? route.abort() : route.continue();
    });
    await page.reload();
    await expect(play(page)).toBeEnabled({ timeout: 60_000 });
    await expect(page.locator(".notice")).toHaveCount(0);
    const notice = page.locator(".notice");
    const tab = (lab) => page.locator(`.labs a[href="#/${lab}"]`);
    const close = () => notice.getByRole("button", { name: "Close" }).click();
    const last = tab(others.at(-1));
    // Each press that needs it says so once more.
    for (const press of [() => last.click(), () => last.click(), () => page.keyboard.press("?")]) {
      await press();
      await expect(notice).toContainText("This part of the page could not be loaded.");
      await close();
      await expect(notice).toHaveCount(0);
    }
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expect(sentence(page)).not.toBeEmpty();

    await page.keyboard.press("1");
    await page.keyboard.press(".");
    await expect(page.locator(".transport .line")).toContainText("Paused at step 1 of");

    lost = false;
    for (const lab of others) {
      await tab(lab).click();
      await expect(page.locator("#stage .block").first()).toBeVisible();
      await expect(notice).toHaveCount(0);
      // Each lab has a part of its own.
      expect(parts.some((part) => part.includes(lab)), lab).toBe(true);
    }
  });
});

test("a file that is none is refused in a sentence, and the strip stays", async ({ page }) => {
  await open(page);
  await load(page, recipe("digits-mlp"));
  const mlp = recipe("digits-mlp");
  for (const [name, text, answer] of [
    ["poem.txt", "Shall I compare thee", "poem.txt is none of the files this page reads."],
    ["broken.toml", "version = = 1", "line 1"],
    ["later.toml", mlp.replace("version = 1", "version = 7"), "newer Palimpsest"],
    ["typo.toml", mlp.replace("train.scratch", "train.scrath"), "train.scratch"],
    ["cut.json", '{"version": 1, "tasks"', "Run file"],
    ["empty.json", "{}", "version = 1"],
  ]) {
    await drop(page, name, text);
    const notice = page.locator(".notice");
    await expect(notice, name).toContainText(answer);
    await notice.getByRole("button", { name: "Close" }).click();
    await expect(notice).toHaveCount(0);
  }
  await expect(page.locator(".strip .layer .title").last()).toHaveText("From scratch");
});
