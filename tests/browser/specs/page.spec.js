// The page by itself: what stands there, how it is steered, what is kept.
import { inaccessible, drop, LONG, load, open, overflows, play, recipe, ROUTES, sentence } from "./page.js";
import { expect, test } from "./test.js";

test("the page loads from a sub-path, without an error and without asking a stranger", async ({ page, baseURL }) => {
  const foreign = [];
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
  expect(foreign).toEqual([]);
});

for (const colorScheme of ["light", "dark"]) {
  test(`an idle page can be used by everybody: ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await open(page);
    for (const route of ROUTES) expect(await inaccessible(page, route), route).toEqual([]);
  });
}

test("nothing is wider than a phone", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await open(page);
  for (const route of ROUTES) expect(await overflows(page, route), route).toEqual([]);
});

test("keys go to the labs, steer the run, and say what they do", async ({ page }) => {
  await open(page);
  await load(page, LONG);
  const labs = ["Transfer", "Adapt", "Attack & defend", "Forget", "Runs"];
  for (const [at, name] of labs.entries()) {
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

test.describe("without the part that loads later", () => {
  test.use({ provoked: /Failed to (fetch|load)/ });

  test("the page says so, goes on, and tries again at the next press", async ({ page }) => {
    let lost = true;
    await page.route("**/split_*.wasm", (route) => (lost ? route.abort() : route.continue()));
    await open(page);
    await expect(page.locator(".notice")).toHaveCount(0);
    const notice = page.locator(".notice");
    const forget = page.getByRole("link", { name: "Forget" });
    const close = () => notice.getByRole("button", { name: "Close" }).click();
    // Each press that needs it says so once more.
    for (const press of [() => forget.click(), () => forget.click(), () => page.keyboard.press("?")]) {
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
    await forget.click();
    await expect(page.getByRole("heading", { name: "Methods" })).toBeVisible();
    await expect(notice).toHaveCount(0);
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
