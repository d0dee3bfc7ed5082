// A lab is one folder and one line: `web/app/src/labs/toy`, in a page of its own that has the feature `toy`.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { open, opensWith } from "../../page.js";
import { expect, test } from "../../test.js";

const folder = process.env.PALIMPSEST_TOY ?? "";
const TYPES = { js: "text/javascript", wasm: "application/wasm" };

test("a lab that is in the list has its tab, its key, its block and its leaf", async ({ page }) => {
  test.skip(!existsSync(join(folder, "app.js")), "PALIMPSEST_TOY names no folder with a page that has the feature toy");
  // Its own code, and the styles and engines of the page beside it.
  await page.route("**/app/*", async (route) => {
    const name = basename(new URL(route.request().url()).pathname);
    await route.fulfill({ body: await readFile(join(folder, name)), contentType: TYPES[name.split(".").pop()] });
  });
  await open(page);
  await opensWith(page, "5", "Toy", "toy");
  const block = page.locator("section.block", { has: page.getByRole("heading", { name: "A toy" }) });
  await expect(block).toContainText("Nothing but this.");
  await page.getByRole("button", { name: "What changed", exact: true }).click();
  await expect(page.locator(".leaf .sub")).toHaveText("As the toy sees it");
});
