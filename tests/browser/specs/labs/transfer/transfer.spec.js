// Transfer: where a visit begins.
import { load, open, opensWith, recipe, visit } from "../../page.js";
import { expect, test } from "../../test.js";

test("a visit begins in it, and its key opens it", async ({ page }) => {
  await open(page);
  await expect(page.locator(".labs [aria-current=page]")).toHaveText("Transfer");
  await visit(page, "runs");
  await opensWith(page, "1", "Transfer", "transfer");
});

test("its block names what the data set has", async ({ page }) => {
  const titled = (name) => page.locator("#stage").getByRole("heading", { name });
  await open(page);
  await expect(titled("How it sees the digits")).toBeVisible();
  await load(page, recipe("moons"));
  await visit(page, "transfer");
  await expect(titled("How it sees the points")).toBeVisible();
});
