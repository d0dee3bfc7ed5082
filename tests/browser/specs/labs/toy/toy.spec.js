// A lab is one folder and one line: `web/app/src/labs/toy`, in a page of its own that has the feature `toy`. Its
// catalogue has the data set of `tests/toy_set.rs`.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { open, opensWith } from "../../page.js";
import { expect, test } from "../../test.js";

const folder = process.env.PALIMPSEST_TOY ?? "";
const TYPES = { js: "text/javascript", wasm: "application/wasm" };

/** Opens the page that has the feature: its own code, and the styles and engines of the page beside it. */
async function toyPage(page) {
  test.skip(!existsSync(join(folder, "app.js")), "PALIMPSEST_TOY names no folder with a page that has the feature toy");
  await page.route("**/app/*", async (route) => {
    const name = basename(new URL(route.request().url()).pathname);
    await route.fulfill({ body: await readFile(join(folder, name)), contentType: TYPES[name.split(".").pop()] });
  });
  await open(page);
}

test("a lab that is in the list has its tab, its key, its block and its leaf", async ({ page }) => {
  await toyPage(page);
  await opensWith(page, "5", "Toy", "toy");
  const block = page.locator("section.block", { has: page.getByRole("heading", { name: "A toy" }) });
  await expect(block).toContainText("Nothing but this.");
  await page.getByRole("button", { name: "What changed", exact: true }).click();
  await expect(page.locator(".leaf .sub")).toHaveText("As the toy sees it");
});

test("a data set that is in the catalogue is on the page's list", async ({ page }) => {
  await toyPage(page);
  await page.evaluate(() => (location.hash = "#/data"));
  const set = page.locator(".catalogue li", { hasText: "Points on either side of a line" });
  await expect(set).toContainText("Halves");
  await expect(set).toContainText("Made for a test");
});
