// A recipe of all four labs, played once in the page, and the same run file on the command line.
import { readFileSync } from "node:fs";
import { apart, commandLine, inaccessible, losses, overflows, routes, said, visit } from "./page.js";
import { expect, FOUR_LABS, test } from "./played.js";
import { leavesAreTrue, sentencesAreEqual } from "./whole.js";

test("the page computes what the command line computes", async ({ played }) => {
  const theirs = commandLine(FOUR_LABS);
  const [{ run, event: { report: ours } }] = await said(played, "finished");
  const events = await played.evaluate((run) => window.said.filter((said) => said.run === run), run);
  const { report } = theirs.at(-1).event;
  expect(ours.hashes).toEqual(report.hashes);
  expect(ours.rows.map(({ stage, key }) => [stage, key])).toEqual(report.rows.map(({ stage, key }) => [stage, key]));

  for (const stage of ["digits", "lora"]) {
    expect(apart(losses(events, stage), losses(theirs, stage)), `losses of ${stage}`).toBeLessThan(1e-4);
  }
  // Adversarial training takes signs of gradients: a last bit turns one over, and from there on the two drift apart.
  // Its beginning is equal, and what it comes to is as near as two devices are.
  expect(apart(losses(events, "hardened").slice(0, 10), losses(theirs, "hardened").slice(0, 10))).toBeLessThan(1e-4);
  const drifted = ["hardened", "held", "forgot", "members"];
  for (const [at, row] of report.rows.entries()) {
    const { value, n } = ours.rows[at];
    const name = `${row.stage} ${row.key}`;
    if (row.n === undefined) continue;
    if (!drifted.includes(row.stage)) {
      expect(Math.abs(n - row.n), name).toBeLessThanOrEqual(1);
      if (row.interval !== undefined) expect(Math.abs(value * n - row.value * row.n) / 100, name).toBeLessThan(1.001);
    } else if (row.key === "accuracy") {
      expect(Math.abs(value - row.value), name).toBeLessThanOrEqual(Math.max(1.5, 300 / n));
    }
  }
});

test("page and command line speak with one voice, and leaves are as the engine answers", async ({ played }) => {
  await sentencesAreEqual(played, FOUR_LABS);
  await leavesAreTrue(played);
});

for (const colorScheme of ["light", "dark"]) {
  test(`results can be read by everybody: ${colorScheme}`, async ({ played }) => {
    await played.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const route of await routes(played)) expect(await inaccessible(played, route), route).toEqual([]);
  });
}

test("no result is wider than a phone", async ({ played }, { project }) => {
  await played.setViewportSize({ width: 360, height: 740 });
  for (const route of await routes(played)) expect(await overflows(played, route), route).toEqual([]);
  await played.setViewportSize(project.use.viewport);
});

test("what was played can be taken along as CSV", async ({ played }) => {
  await visit(played, "runs");
  const rows = played.locator("table.runs tbody tr");
  await expect(rows).toHaveCount(7);
  const download = played.waitForEvent("download");
  await played.getByRole("button", { name: "CSV", exact: true }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("palimpsest-runs.csv");
  const lines = readFileSync(await file.path(), "utf8").trimEnd().split("\n");
  expect(lines.length).toBe(8);
  const head = lines[0].split(",");
  expect(head).toEqual(expect.arrayContaining(["number", "method", "device", "run_seconds", "accuracy", "ua"]));
  const first = lines.find((line) => line.includes("train.scratch")).split(",");
  const [{ event: { rows: figures } }] = await said(played, "stage_done");
  expect(Number(first[head.indexOf("accuracy")])).toBeCloseTo(figures.find(({ key }) => key === "accuracy").value, 9);
});
