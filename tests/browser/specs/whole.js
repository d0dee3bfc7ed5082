// A page that has played something, held against the engine's answers and against the command line.
import { expect } from "@playwright/test";
import { asked, commandLine, commandLineReport, playOne, said, sentence } from "./page.js";

const isLayer = ({ id }) => !/^(attack|measure)\./.test(id);

/** Selects every stage on the strip, one after the other: a layer in each of its versions, then what asks it. */
async function* stages(page) {
  for (const layer of await page.locator(".strip .layer", { has: page.locator("button.card") }).all()) {
    await layer.locator("button.card").click();
    const versions = await page.locator(".panel .versions li > button:first-child").all();
    if (versions.length === 0) yield "layer";
    for (const version of versions) {
      await version.click();
      yield "layer";
    }
    for (const note of await layer.locator(".notes button").all()) {
      await note.click();
      yield "note";
    }
  }
}

/** Plays versions that are not on the line, after the line itself was played. */
export async function playVersions(page) {
  for await (const _ of stages(page)) {
    const left = page.locator(".transport .line");
    if (!(await left.textContent()).includes("Done in")) await playOne(page, 120_000);
  }
}

/** What each stage came to, by its name: the last figures that were said of it, without how long it took. */
const figures = (events) => {
  const done = events.filter(({ kind }) => kind === "stage_done");
  const kept = ({ event }) => event.rows.filter(({ key }) => key !== "seconds");
  return new Map(done.map((said) => [said.stage, JSON.stringify(kept(said))]));
};

/** The sentences of the command line's report, by the names of their stages. */
async function sentences(page, text) {
  const pairs = await page.evaluate((html) => {
    const sections = [...new DOMParser().parseFromString(html, "text/html").querySelectorAll("section")];
    const name = (section) => section.querySelector("h3 small")?.textContent;
    return sections.map((section) => [name(section), section.querySelector(".say")?.textContent]);
  }, commandLineReport(text));
  return new Map(pairs.filter(([, said]) => said !== undefined));
}

/**
 * The page's sentences of all stages are those of the command line, byte for byte where both came to the same figures.
 * The two engines round differently, and a network that learned longer may read a sample more or less: then everything
 * but the numbers is the same.
 */
export async function sentencesAreEqual(page, text) {
  const { report } = commandLine(text).at(-1).event;
  const theirs = await sentences(page, text);
  const there = figures(commandLine(text));
  const here = figures(await said(page, "stage_done"));
  const file = report.spec.stage;
  const names = file.map(({ as }) => as);
  // A sentence is about its stage, stages before it, and what asks its layer.
  const end = (at) => {
    const next = file.findIndex((stage, place) => place > at && isLayer(stage));
    return next < 0 ? file.length : next;
  };
  const agree = (at) => names.slice(0, end(at)).every((name) => here.get(name) === there.get(name));
  const wordsOf = (sentence) => sentence.replace(/\d[\d,.]*/g, "#");
  let at = 0;
  let same = 0;
  for await (const _ of stages(page)) {
    const name = names[at];
    const told = await sentence(page).textContent();
    expect(theirs.has(name), `the command line has a sentence for ${name}`).toBe(true);
    expect(wordsOf(told), name).toBe(wordsOf(theirs.get(name)));
    if (agree(at)) expect(told, name).toBe(theirs.get(name));
    same += told === theirs.get(name);
    at++;
  }
  expect(at).toBe(names.length);
  expect(same).toBeGreaterThan(0);
}

/** The task of a stage, as a run file has it. */
function taskOf({ stage, tasks }, name) {
  const at = stage.findIndex(({ as }) => as === name);
  if (at < 0) return Object.keys(tasks)[0];
  const { from, on } = stage[at];
  return on ?? taskOf({ stage, tasks }, from ?? stage.slice(0, at).findLast(isLayer)?.as);
}

/** The leaf of every layer of the strip; every layer has been played. */
export async function leavesAreTrue(page) {
  const { spec } = (await asked(page, "prepare")).at(-1);
  const layers = spec.stage.filter(isLayer);
  let at = 0;
  for await (const kind of stages(page)) if (kind === "layer") await leafIsTrue(page, layers[at++].as);
  expect(at).toBe(layers.length);
}

/** How many samples of a class stand on the leaf, and how many classes. */
const [EACH, CLASSES] = [7, 12];
/** Two answers closer than this are unsure. */
const UNSURE = Math.fround(0.1);

/** The leaf of the selected layer, which is done: tile by tile what the engine answered about its test split. */
export async function leafIsTrue(page, name) {
  const { spec } = (await asked(page, "prepare")).at(-1);
  const task = taskOf(spec, name);
  const { classes } = (await said(page, "prepared")).at(-1).event;
  const [, words] = classes.find(([name]) => name === task);
  const all = (await said(page, "answers")).filter(({ stage, event }) => stage === name && event.series === "test");
  const { answers } = all.at(-1).event;
  const samples = answers.labels.map((label, at) => ({
    label,
    answer: answers.classes[at],
    confidence: answers.confidences[at],
    second: answers.runners_up[at],
  }));
  const right = (list) => list.filter(({ label, answer }) => label === answer).length;

  await page.locator(".leaf footer .segments button").first().click();
  const big = await page.locator(".leaf .big").textContent();
  const forgotten = big.includes("of kept") ? spec.forget.class : undefined;
  const counted = samples.filter(({ label }) => label !== forgotten);
  const accuracy = (100 * right(counted)) / counted.length;
  expect(Math.abs(parseFloat(big) - accuracy), `${name}: accuracy`).toBeLessThan(0.0501);

  const shown = samples.filter((sample, at) => {
    const before = samples.slice(0, at).filter(({ label }) => label === sample.label);
    return before.length < EACH && sample.label < CLASSES;
  });
  const map = page.locator(".leaf .map svg text");
  if ((await page.locator(".leaf .map").count()) > 0) {
    await expect(map, name).toHaveText(shown.map(({ label }) => String(label)));
    return;
  }
  const tile = ({ label, answer, confidence, second }) => {
    const wrong = answer !== label;
    const unsure = !wrong && Math.fround(confidence - second) < UNSURE;
    return {
      look: wrong ? "tile wrong" : unsure ? "tile unsure" : "tile",
      name: `a ${words[label]}, read as ${words[answer]}, ${Math.round(100 * confidence)} per cent`,
      over: wrong ? words[answer] : "",
    };
  };
  const tiles = () =>
    page.locator(".leaf .tile").evaluateAll((tiles) =>
      tiles
        .toSorted((one, other) => one.dataset.at - other.dataset.at)
        .map((tile) => ({
          look: tile.className.replace(" selected", ""),
          name: tile.getAttribute("aria-label"),
          over: tile.querySelector(".over").textContent,
        })),
    );
  await expect.poll(tiles, { message: name }).toEqual(shown.map(tile));
  const shares = await page.locator(".leaf .row").evaluateAll((rows) =>
    rows.map((row) => [row.querySelector(".class").textContent, row.querySelector(".share").textContent]),
  );
  const labels = [...new Set(shown.map(({ label }) => label))].sort((one, other) => one - other);
  expect(shares.map(([word]) => word), name).toEqual(labels.map((label) => words[label]));
  for (const [at, label] of labels.entries()) {
    const own = samples.filter((sample) => sample.label === label);
    const share = (100 * right(own)) / own.length;
    expect(Math.abs(shares[at][1] - share), `${name}: ${words[label]}`).toBeLessThan(0.501);
  }
}
