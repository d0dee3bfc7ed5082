// Results that are no single figures: under their stage on the page, as the command line has them.
import { apart, commandLine, commandLineReport, findings, load, open, playAll, said, sentence } from "./page.js";
import { expect, test } from "./test.js";

const RUN = `
version = 1
name = "exhibits"
tasks.digits = { id = "digits" }
model = { id = "mlp", widths = [32] }
stage = [
    { id = "train.scratch", as = "other", draw = 1, train = { epochs = 3, lr = 0.01 } },
    { id = "train.scratch", as = "digits", from = "start", train = { epochs = 3, lr = 0.01 } },
    { id = "attack.fgsm", as = "moved", with = ["other"], epsilon = 0.1 },
    { id = "attack.fgsm", as = "own", epsilon = 0.1 },
    { id = "measure.norm-union", as = "union" },
    { id = "measure.cka", as = "alike", with = ["other"] },
    { id = "measure.ece", as = "calibration" },
]
`;

const PIXELS = RUN.replace('id = "measure.ece", as = "calibration"', 'id = "measure.saliency-map", as = "pixels", steps = 8');

/** The exhibits of a stage, as an engine has said them. */
const shown = (events, stage) =>
  events.filter((event) => event.stage === stage && event.kind === "exhibit").map(({ event }) => event);

test("what a method shows stands under its stage, and is what the command line shows", async ({ page }) => {
  await open(page);
  await load(page, RUN);
  await playAll(page);
  await expect(page.locator(".exhibits h3, .exhibits h4, .exhibits .heading").first()).toContainText("Reliability");
  await expect(page.locator(".exhibits svg[role=img]").first()).toHaveAttribute("aria-label", /^Reliability: network /);
  await expect(sentence(page)).toContainText("Mean distance of confidence and accuracy");
  const theirs = commandLine(RUN);
  const ours = await said(page, "exhibit");
  for (const stage of ["calibration", "union", "alike"]) {
    const [here, there] = [shown(ours, stage), shown(theirs, stage)];
    expect(here.length).toBe(1);
    const numbers = (exhibit) => JSON.stringify(exhibit).match(/-?\d+\.\d+(e-?\d+)?/g)?.map(Number) ?? [];
    expect(numbers(here[0]).length).toBeGreaterThan(0);
    expect(apart(numbers(here[0]), numbers(there[0]))).toBeLessThan(1e-3);
  }
  // Each with its table, and for everybody.
  await page.locator(".exhibits .tools button").first().click();
  await expect(page.locator(".exhibits table")).toContainText("Confidence, %");
  expect(await findings(page)).toEqual([]);
  const html = commandLineReport(RUN);
  for (const words of ["Reliability", "Alike features", "What each attack breaks", "data:image/png;base64,"]) {
    expect(html).toContain(words);
  }
});

test("the images of an attack stand on the leaf of its lab", async ({ page }) => {
  await open(page);
  await load(page, PIXELS.replace(/    { id = "measure[^\n]*\n/g, ""));
  await playAll(page);
  await expect(sentence(page)).toContainText("FGSM fools it");
  await expect(page.locator(".exhibits")).toHaveCount(0);
});

test("images of a measure stand under its stage", async ({ page }) => {
  await open(page);
  await load(page, PIXELS);
  await playAll(page);
  const { ids } = (await said(page, "exhibit")).find(({ stage }) => stage === "pixels").event.images;
  await expect(page.locator(".exhibits figure canvas")).toHaveCount(ids.length);
  await expect(page.locator(".exhibits figcaption").first()).toHaveText(/^\d/);
});
