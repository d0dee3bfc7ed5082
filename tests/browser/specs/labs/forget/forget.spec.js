// Forget: what an image resembles is picked, and forgotten.
import { load, open, opensWith, play, playAll, playOne, recipe, said, SHORT } from "../../page.js";
import { expect, test } from "../../test.js";

test("its key opens it", async ({ page }) => {
  await open(page);
  await opensWith(page, "4", "Forget", "forget");
  await expect(page.getByRole("heading", { name: "Methods" })).toBeVisible();
});

test("what an image resembles can be forgotten", async ({ page }) => {
  await open(page);
  await load(page, SHORT);
  await playOne(page);
  const tile = page.locator(".leaf .row").first().locator(".tile").nth(2);
  const dialog = page.getByRole("dialog");
  const near = dialog.locator(".nearest button");
  await tile.click();
  const forget = dialog.getByRole("button", { name: "Forget" });
  await expect(forget).toBeDisabled();
  await near.nth(0).click();
  await near.nth(1).click();
  await expect(forget).toHaveText("Forget these 2");
  await forget.click();
  await expect(page).toHaveURL(/#\/forget$/);
  await expect(page.locator(".panel")).toContainText("2 images are chosen.");
  await expect(play(page)).toBeEnabled();
  await playOne(page);
  const done = await said(page, "stage_done");
  expect(done.at(-1).stage).toBe("forgot");
});

test("an audit is shown with what is known of the network that it asks", async ({ page }) => {
  await open(page);
  await load(page, recipe("four-labs"));
  await playAll(page);
  // The last stage is the audit, and it is selected.
  await expect(page.locator(".panel")).toContainText("Membership audit");
  await expect(page.locator("#stage table")).toContainText("SalUn");
  await expect(page.locator("#stage table")).not.toContainText("planned");
  await expect(page.locator(`#stage svg[role="img"]`).first()).toContainText("SalUn");
});
