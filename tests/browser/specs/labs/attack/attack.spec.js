// Attack & defend: an image under attack, and every attack on a layer.
import { draw, findings, load, open, opensWith, playAll, playOne, recipe, SHORT, visit } from "../../page.js";
import { expect, test } from "../../test.js";

test("its key opens it", async ({ page }) => {
  await open(page);
  await opensWith(page, "3", "Attack & defend", "attack");
});

test("its block names what the data set has", async ({ page }) => {
  const titled = (name) => page.locator("#stage").getByRole("heading", { name });
  await open(page);
  await visit(page, "attack");
  await expect(titled("One digit, attacked")).toBeVisible();
  await load(page, recipe("moons"));
  await visit(page, "attack");
  await expect(titled("One point, attacked")).toBeVisible();
});

test("an image of the leaf can be attacked", async ({ page }) => {
  await open(page);
  await load(page, SHORT);
  await playOne(page);
  const tile = page.locator(".leaf .row").first().locator(".tile").nth(2);
  await tile.click();
  const dialog = page.getByRole("dialog");
  const near = dialog.locator(".nearest button");
  expect(await findings(page)).toEqual([]);
  await expect(near).toHaveText(["0", "0", "0", "0", "0"]);
  await dialog.getByRole("button", { name: "Attack this" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page).toHaveURL(/#\/attack$/);
  await expect(tile).toHaveClass(/selected/);
});

test("a drawing can be attacked", async ({ page }) => {
  await open(page);
  await load(page, SHORT);
  await playOne(page);
  const attack = page.locator(".draw").getByRole("button", { name: "Attack this" });
  await expect(attack).toHaveCount(0);
  await draw(page, [[0.5, 0.15], [0.5, 0.85]]);
  const read = await page.locator(".draw .chips .top b").innerText();
  await attack.click();
  await expect(page).toHaveURL(/#\/attack$/);
  const pictures = page.locator(".triptych figcaption");
  await expect(pictures.first()).toHaveText(`As it is: ${read}`);
  await expect(page.locator(".actions.walk")).toContainText("Step");
  await expect(page.locator(".leaf .tile.selected")).toHaveCount(0);
  expect(await findings(page)).toEqual([]);
  await page.locator(".leaf .tile").first().click();
  await expect(page.locator(".leaf .tile.selected")).toHaveCount(1);
});

test("the attacked leaf follows the budget", async ({ page }) => {
  await open(page);
  await load(page, SHORT);
  await playAll(page);
  await visit(page, "attack");
  await page.locator(".leaf").getByText("Attacked", { exact: true }).click();
  await page.locator("#epsilon").fill("0.4");
  await expect(page.locator(".leaf")).toContainText("ε 0.40, these 70 images");
});

test("every attack on a layer is in a list and a table, and the pictures are of the selected one", async ({ page }) => {
  await open(page);
  const more = `{ id = "attack.bim", as = "steps", epsilon = 0.1, steps = 5, alpha = 0.02 },
    { id = "attack.pgd-l2", as = "length", epsilon = 0.5, steps = 3 },
    { id = "unlearn`;
  await load(page, SHORT.replace('{ id = "unlearn', more));
  await playAll(page);
  await page.getByRole("link", { name: "Attack & defend" }).click();
  const note = page.locator(".note.selected");
  const rows = page.locator(".attacks tbody tr");
  const budget = (label) => page.getByRole("slider", { name: label, exact: true });
  await page.getByRole("button", { name: "2 more" }).click();
  await page.getByRole("menuitem", { name: "BIM ε 0.10" }).click();
  await expect(note).toHaveText(/^BIM ε 0.10 \d+\s%$/);
  await expect(budget("Largest change ε")).toHaveJSProperty("value", "0.1");
  await expect(page.locator(".actions.walk")).toContainText("of 5");
  await expect(rows).toHaveText([/^FGSM/, /^BIM/, /^PGD, L2/]);
  await expect(rows.nth(1)).toHaveClass(/selected/);
  await rows.nth(2).getByRole("button").click();
  await expect(note).toHaveText(/^PGD, L2 ε 0.50/);
  await expect(budget("Largest change ε")).toHaveJSProperty("value", "0.5");
  await expect(page.locator(".actions.walk")).toContainText("of 3");
  expect(await findings(page)).toEqual([]);
});
