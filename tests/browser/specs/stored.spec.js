// What an earlier build left in a browser, and what it shared, still opens (tests/stored).
import { readFileSync } from "node:fs";
import { asked, open, play, visit } from "./page.js";
import { expect, test } from "./test.js";

const stored = (name) => readFileSync(new URL(`../../stored/${name}`, import.meta.url), "utf8");

test("the run file and the runs that a browser keeps", async ({ page }) => {
  const kept = JSON.parse(stored("page.json"));
  await page.addInitScript((kept) => {
    for (const [key, text] of Object.entries(kept)) if (!localStorage.getItem(key)) localStorage.setItem(key, text);
  }, kept);
  await open(page);
  await expect(page.locator(".notice")).toHaveCount(0);
  const stages = JSON.parse(kept["palimpsest.spec"]).stage;
  await expect(page.locator(".strip .layer button.card, .strip .note")).toHaveCount(stages.length);
  await expect.poll(async () => (await asked(page, "prepare")).length).toBeGreaterThan(0);
  const { spec } = (await asked(page, "prepare")).at(-1);
  expect([spec.name, spec.stage.map(({ as }) => as)]).toEqual(["stored", stages.map(({ as }) => as)]);
  await expect(play(page)).toHaveText("Teach it digits");

  await visit(page, "runs");
  const runs = JSON.parse(kept["palimpsest.runs"]);
  const rows = page.locator("table.runs tbody tr");
  await expect(rows).toHaveCount(runs.length);
  for (const [at, { title }] of runs.entries()) await expect(rows.nth(at)).toContainText(title);
  // The oldest of them trained the network, which read half of its test split.
  await expect(rows.last()).toContainText("50.0");
});

test("a link", async ({ page }) => {
  await open(page, `./?backend=cpu${stored("link.txt").trim()}`);
  await expect(page.locator(".notice")).toHaveCount(0);
  await expect(page.locator(".transport .line")).toContainText("About");
  const { spec } = (await asked(page, "prepare")).at(-1);
  expect([spec.name, spec.seed]).toEqual(["four-labs", 7]);
  expect(spec.stage.find(({ as }) => as === "lora").rank).toBe(3);
  await expect(page.locator(".strip .layer .title, .strip .note")).toHaveCount(spec.stage.length + 1);
  expect(await asked(page, "run")).toEqual([]);
});
