// Transfer: where a visit begins.
import { open, opensWith, visit } from "../../page.js";
import { expect, test } from "../../test.js";

test("a visit begins in it, and its key opens it", async ({ page }) => {
  await open(page);
  await expect(page.locator(".labs [aria-current=page]")).toHaveText("Transfer");
  await visit(page, "runs");
  await opensWith(page, "1", "Transfer", "transfer");
});
