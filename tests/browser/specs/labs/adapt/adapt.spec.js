// Adapt: the base with its adapter, and without.
import { open, opensWith, said, visit } from "../../page.js";
import { test as played } from "../../played.js";
import { expect, test } from "../../test.js";

test("its key opens it", async ({ page }) => {
  await open(page);
  await opensWith(page, "2", "Adapt", "adapt");
});

played("an adapter is taken off and put on, merged without a change, and taken along", async ({ played }) => {
  await visit(played, "adapt");
  const leaf = played.locator(".leaf .big");
  const block = (title) => played.locator("section.block", { has: played.getByRole("heading", { name: title }) });
  const cells = block("Adapter on or off").locator("tbody tr").last().locator("td");
  await expect(cells.nth(1)).toHaveText(/^\d/);
  const [, off, on] = await cells.allInnerTexts();
  expect(Number(on)).toBeGreaterThan(Number(off) + 5);
  const adapter = played.getByRole("switch", { name: "Adapter" });
  await expect(leaf).toContainText(on);
  await adapter.click();
  await expect(leaf).toContainText(off);
  await adapter.click();
  await expect(leaf).toContainText(on);

  const merge = block("Merge");
  await merge.getByRole("button", { name: "Merge now" }).click();
  await expect(merge.locator("tr").last()).toContainText("0 of 360");
  const [{ largest }] = (await said(played, "answer")).flatMap(({ event }) => event.answer.Ok?.merge ?? []);
  expect(largest).toBeGreaterThan(0);
  expect(largest).toBeLessThan(1e-4);
  const files = [];
  played.on("download", (file) => files.push(file.suggestedFilename()));
  await merge.getByRole("button", { name: "Save for PEFT" }).click();
  await merge.getByRole("button", { name: "Save merged" }).click();
  const saved = ["adapter_config.json", "adapter_model.safetensors", "lora-merged.safetensors"];
  await expect.poll(() => files).toEqual(saved);
});
