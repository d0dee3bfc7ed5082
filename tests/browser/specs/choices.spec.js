// What can be chosen: methods, what to do with a layer, what to do with an image, how to take a chart along.
import { readFileSync } from "node:fs";
import { findings, hear, load, methods, open, play, playAll, said } from "./page.js";
import { expect, test } from "./test.js";

/** A network that learns digits in a moment, is attacked, and forgets. */
const SHORT = `
version = 1
name = "short"
retrain_seeds = 1
tasks.digits = { id = "digits" }
model = { id = "mlp" }
forget = { id = "class", class = 3 }
stage = [
    { id = "train.scratch", as = "digits", train = { epochs = 3, lr = 0.01 } },
    { id = "attack.fgsm", as = "fooled", epsilon = 0.1 },
    { id = "unlearn.finetune", as = "forgot", from = "digits", train = { epochs = 1 } },
]
`;

/** How many methods are of these families. */
const many = (...families) => methods().filter(({ family }) => families.includes(family)).length;

/** Plays the selected stage. */
async function playOne(page) {
  const known = (await said(page, "finished")).length;
  await play(page).click();
  await hear(page, "finished", known);
}

test("methods are found by words, families and filters", async ({ page }) => {
  await open(page);
  await load(page, SHORT);
  await page.keyboard.press("/");
  const dialog = page.getByRole("dialog", { name: "Choose a method" });
  const options = dialog.getByRole("listbox").getByRole("option");
  await dialog.getByRole("button", { name: "Forget" }).first().click();
  await expect(dialog.getByRole("group", { name: "Good first choices" }).getByRole("option")).toHaveCount(2);
  await expect(options).toHaveCount(many("unlearn"));
  expect(await findings(page)).toEqual([]);
  const asking = dialog.getByRole("button", { name: "change no weights" });
  await expect(asking).toBeDisabled();
  await dialog.getByTitle("Search in all families").click();
  const kept = many("attack", "measure");
  await expect(asking).toHaveText(`change no weights${kept}`);
  await asking.click();
  await expect(options).toHaveCount(kept);
  await dialog.getByRole("combobox", { name: "Search methods" }).fill("pgd");
  await expect(asking).toHaveText("change no weights4");
  await expect(options.locator("b")).toHaveText([/PGD/, /PGD/, /PGD/, /PGD/]);
  await dialog.getByRole("combobox", { name: "Order" }).selectOption("A to Z");
  await expect(options.locator("b")).toHaveText(["Auto-PGD, L2", "Auto-PGD, L∞", "PGD, L2", "PGD, L∞"]);
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
});

test("a method that cannot work says why, and is not taken", async ({ page }) => {
  await open(page);
  await load(page, SHORT.replace(/stage = .*/s, 'stage = [{ id = "attack.fgsm", as = "fooled" }]'));
  await page.keyboard.press("/");
  const dialog = page.getByRole("dialog", { name: "Choose a method" });
  await dialog.getByRole("button", { name: "Forget" }).first().click();
  await expect(dialog.locator("[role=option][aria-disabled]")).toHaveCount(many("unlearn"));
  await expect(dialog.getByRole("listbox").getByRole("option").first()).toContainText("nothing to forget yet");
  await expect(dialog.getByRole("button", { name: "Use it" })).toBeDisabled();
  await dialog.getByRole("combobox", { name: "Search methods" }).press("Enter");
  await expect(dialog).toBeVisible();
  await dialog.getByTitle("Search in all families").click();
  const options = dialog.getByRole("listbox").getByRole("option");
  const all = methods().length;
  await expect(options).toHaveCount(all);
  const unfit = await dialog.locator("[role=option][aria-disabled]").count();
  await dialog.getByRole("button", { name: "fit this network" }).click();
  await expect(options).toHaveCount(all - unfit);
  await expect(dialog.locator("[role=option][aria-disabled]")).toHaveCount(0);
});

test("a layer's menu opens, moves and closes by the keyboard, and does what it says", async ({ page }) => {
  await open(page);
  await load(page, SHORT);
  await playOne(page);
  const card = page.locator(".strip .card[tabindex='0']");
  const items = page.getByRole("menuitem");
  const more = page.locator(".strip .selected").getByRole("button", { name: "More" });
  await card.focus();
  await page.keyboard.press("Tab");
  await expect(more).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(items).toHaveText(["Compare with the layer before", "Change and run again", "Save weights"]);
  await expect(items.first()).toBeFocused();
  expect(await findings(page)).toEqual([]);
  await page.keyboard.press("ArrowUp");
  await expect(items.last()).toBeFocused();
  const download = page.waitForEvent("download");
  await page.keyboard.press("Enter");
  expect((await download).suggestedFilename()).toBe("digits.safetensors");
  await expect(items).toHaveCount(0);
  await expect(more).toBeFocused();

  await card.click({ button: "right" });
  await expect(items).toHaveCount(3);
  await page.keyboard.press("Escape");
  await expect(items).toHaveCount(0);
  await expect(card).toBeFocused();

  await page.keyboard.press("]");
  await expect(page.locator(".strip .selected .title")).toContainText("Fine-tune");
  await more.click();
  await page.getByRole("menuitem", { name: "Take off" }).click();
  await expect(page.locator(".strip .layer .title")).toHaveCount(2);
  await page.keyboard.press("Control+Shift+z");
  await expect(page.locator(".strip .layer .title")).toHaveCount(3);
});

test("an image can be attacked, and what it resembles be forgotten", async ({ page }) => {
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

  await page.keyboard.press("1");
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
  await expect(budget("Largest pixel change ε")).toHaveJSProperty("value", "0.1");
  await expect(page.locator(".actions.walk")).toContainText("of 5");
  await expect(rows).toHaveText([/^FGSM/, /^BIM/, /^PGD, L2/]);
  await expect(rows.nth(1)).toHaveClass(/selected/);
  await rows.nth(2).getByRole("button").click();
  await expect(note).toHaveText(/^PGD, L2 ε 0.50/);
  await expect(budget("Largest change ε")).toHaveJSProperty("value", "0.5");
  await expect(page.locator(".actions.walk")).toContainText("of 3");
  expect(await findings(page)).toEqual([]);
});

test("a chart can be taken along as a picture of twice its size", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await open(page);
  await load(page, SHORT);
  await playOne(page);
  const block = page.locator(".block", { hasText: "Accuracy" }).first();
  const { width, height } = await block.locator(".scene").boundingBox();
  const download = page.waitForEvent("download");
  await block.hover();
  await block.getByRole("button", { name: "Save" }).click();
  await page.getByRole("menuitem", { name: "PNG" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("accuracy.png");
  const png = readFileSync(await file.path());
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([Math.round(2 * width), Math.round(2 * height)]);
});
