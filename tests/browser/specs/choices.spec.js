// What can be chosen: methods, what to do with a layer, what to do with an image, how to take a chart along.
import { readFileSync } from "node:fs";
import { findings, load, methods, open, playOne, SHORT } from "./page.js";
import { expect, test } from "./test.js";

/** How many methods have ids that begin so. */
const many = (...starts) => methods().filter(({ id }) => starts.some((start) => id.startsWith(start))).length;

test("methods are found by words, families and filters", async ({ page }) => {
  await open(page);
  await load(page, SHORT);
  await page.keyboard.press("/");
  const dialog = page.getByRole("dialog", { name: "Choose a method" });
  const options = dialog.getByRole("listbox").getByRole("option");
  await dialog.getByRole("button", { name: "Forget" }).first().click();
  await expect(dialog.getByRole("group", { name: "Good first choices" }).getByRole("option")).toHaveCount(2);
  await expect(options).toHaveCount(many("unlearn."));
  expect(await findings(page)).toEqual([]);
  const asking = dialog.getByRole("button", { name: "change no weights" });
  await expect(asking).toBeDisabled();
  await dialog.getByTitle("Search in all families").click();
  const kept = many("attack.", "measure.");
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
  await expect(dialog.locator("[role=option][aria-disabled]")).toHaveCount(many("unlearn."));
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
