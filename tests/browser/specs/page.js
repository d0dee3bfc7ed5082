// What the tests do with the page, and what they overhear between it and its engine.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "@playwright/test";

const AXE = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const root = new URL("../../../", import.meta.url);

const recipes = new URL("static/recipes/", root);

/** Names of the recipes that take seconds. */
export const quickRecipes = () =>
  readdirSync(recipes)
    .filter((file) => file.endsWith(".toml"))
    .map((file) => file.replace(".toml", ""));

/** A recipe's text. */
export const recipe = (name) => readFileSync(new URL(`${name}.toml`, recipes), "utf8");

/** A network that learns digits for so long that a test can do something meanwhile; playing it through is not meant. */
export const LONG = `
version = 1
name = "long"
tasks.digits = { id = "digits" }
model = { id = "mlp", widths = [64] }
stage = [{ id = "train.scratch", as = "digits", train = { epochs = 1000, batch = 2, lr = 0.01 } }]
`;

/** A network that learns digits in a moment, is attacked, and forgets. */
export const SHORT = `
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

/** A variant as serde writes it, `{ step: { done: 1 } }` or `"resumed"`: its name and its fields. */
const named = (variant) => (typeof variant === "string" ? [variant, {}] : Object.entries(variant)[0]);

/** What was said, with the name of its event beside the event's fields: `{ run, stage, kind, event }`. */
const heard = (said) => {
  const [kind, event] = named(said.event);
  return { ...said, kind, event };
};

/** What was asked: `{ command, run, … }`. */
const sent = (message) => {
  const [command, fields] = named(message);
  return { command, ...fields };
};

/** Runs in a page before its own scripts: keeps every engine, and a copy of all that is said and asked. */
function keep(heard, sent) {
  window.engines = [];
  window.said = [];
  window.asked = [];
  window.Worker = class extends Worker {
    constructor(...all) {
      super(...all);
      window.engines.push(this);
      this.addEventListener("message", ({ data: [body] }) => window.said.push({ at: performance.now(), ...heard(body) }));
    }
    postMessage(message, ...rest) {
      if (Array.isArray(message)) window.asked.push({ at: performance.now(), ...sent(message[0]) });
      super.postMessage(message, ...rest);
    }
  };
}

/** Before a page is opened: what is said and asked there can be read by `said` and `asked`. */
export const record = (page) => page.addInitScript(`{ const named = ${named}; (${keep})(${heard}, ${sent}); }`);

/** Opens the page, on the CPU if not told otherwise, and waits until a network can be played. */
export async function open(page, path = "./?backend=cpu") {
  await page.goto(path);
  await expect(play(page)).toBeEnabled({ timeout: 60_000 });
}

/** The one button. */
export const play = (page) => page.locator("button.play");

/** The sentence of the selected layer. */
export const sentence = (page) => page.locator("#stage .say").first();

/** What the engine said of a kind, in its order: `{ at, run, stage, kind, event }`. */
export const said = (page, kind) =>
  page.evaluate((wanted) => window.said.filter(({ kind }) => kind === wanted), kind);

/** Commands of a kind that the page sent, in their order. */
export const asked = (page, kind) =>
  page.evaluate((kind) => window.asked.filter(({ command }) => command === kind), kind);

/** Waits until the engine has said something of a kind more than `n` times. */
export const hear = (page, kind, n = 0, timeout = 60_000) =>
  page.waitForFunction(([wanted, n]) => window.said.filter(({ kind }) => kind === wanted).length > n, [kind, n], {
    polling: 20,
    timeout,
  });

/** Drops a file on the page: a text, or a list of bytes. */
export async function drop(page, name, content) {
  const dataTransfer = await page.evaluateHandle(
    ([name, content]) => {
      const data = new DataTransfer();
      data.items.add(new File([typeof content === "string" ? content : new Uint8Array(content)], name));
      return data;
    },
    [name, content],
  );
  await page.dispatchEvent("body", "drop", { dataTransfer });
}

/** Bytes of an IDX file: dimensions and values of one byte each. */
export const idx = (sizes, values) => {
  const header = [0, 0, 8, sizes.length];
  const lengths = sizes.flatMap((size) => [size >> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255]);
  return [...header, ...lengths, ...values];
};

/** Drops a run file, and waits until the engine has its data and its network. */
export async function load(page, text, timeout = 60_000) {
  const before = (await asked(page, "prepare")).length;
  await drop(page, "run.toml", text);
  // Of this run file, not of the one before.
  const guessed = (before) => {
    const prepares = window.asked.filter(({ command }) => command === "prepare");
    const { run } = prepares.at(-1) ?? {};
    return prepares.length > before && window.said.some((said) => said.run === run && said.kind === "estimate");
  };
  await page.waitForFunction(guessed, before, { polling: 20, timeout });
  await expect(play(page)).toBeEnabled();
}

/** Plays the selected stage. */
export async function playOne(page, timeout = 60_000) {
  const known = (await said(page, "finished")).length;
  await play(page).click();
  await hear(page, "finished", known, timeout);
}

/** Plays the whole strip. */
export async function playAll(page, timeout = 120_000) {
  const known = (await said(page, "finished")).length;
  await page.locator(".transport .line button").click();
  await hear(page, "finished", known, timeout);
  await expect(play(page)).toHaveText("Play it all again");
}

/** Tabs in their order: labs, a gap, and what is none. */
export const tabs = (page) => page.locator(".labs a");

const addresses = (tabs) => tabs.evaluateAll((all) => all.map(({ hash }) => hash.replace("#/", "")));

/** Where the tabs lead. The page says which there are, so that a new lab is tested like every other. */
export const routes = (page) => addresses(tabs(page));

/** The labs among them. */
export const labs = (page) => addresses(page.locator(".labs a:not(.gap ~ a)"));

/** A key opens a lab: its tab is the current one, and the address is its id. */
export async function opensWith(page, key, title, id) {
  await page.keyboard.press(key);
  await expect(page.locator(".labs [aria-current=page]")).toHaveText(title);
  await expect.poll(() => page.evaluate(() => location.hash)).toBe(`#/${id}`);
  expect(await labs(page)).toContain(id);
}

export async function visit(page, route) {
  await page.evaluate((route) => (location.hash = `#/${route}`), route);
  await expect(page.locator(`.labs a[href="#/${route}"]`)).toHaveAttribute("aria-current", "page");
}

/** Serious findings of axe on a page: rule and places. */
export async function inaccessible(page, route) {
  await visit(page, route);
  return findings(page);
}

/** As `inaccessible`, of the page as it stands. */
export async function findings(page) {
  // Not as a script of the page, whose policy forbids it.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(`${AXE}; undefined`);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
  });
}

/** What stands out of the page at its right. */
export async function overflows(page, route) {
  await visit(page, route);
  return page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.scrollingElement;
    if (scrollWidth <= clientWidth) return [];
    const all = [...document.body.querySelectorAll("*")];
    const wide = all.filter((element) => element.getBoundingClientRect().right > clientWidth + 1);
    return wide.map(({ className, tagName }) => `${tagName} ${className}`);
  });
}

/** What the program on the command line says. */
function palimpsest(args, input = "") {
  const program = process.env.PALIMPSEST_CLI;
  if (!program) throw new Error("PALIMPSEST_CLI must name the palimpsest program");
  return execFileSync(program, args, { cwd: root, encoding: "utf8", input, maxBuffer: 1 << 28 });
}

const played = new Map();

/** Plays a run file on the command line, once: its events, and its report as a web page. */
function onCommandLine(text) {
  if (!played.has(text)) {
    const folder = mkdtempSync(join(tmpdir(), "palimpsest-"));
    try {
      const out = join(folder, "out");
      const lines = palimpsest(["run", "-", "--json", "--device", "cpu", "--out", out], text).trim().split("\n");
      const html = readFileSync(join(out, "report.html"), "utf8");
      played.set(text, { events: lines.map((line) => heard(JSON.parse(line))), html });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  return played.get(text);
}

/** The same run on the command line: its events, as the page's engine says them. */
export const commandLine = (text) => onCommandLine(text).events;

/** The report that the command line writes of the same run, as a web page. */
export const commandLineReport = (text) => onCommandLine(text).html;

/** Every method, as the command line lists them. */
export const methods = () => JSON.parse(palimpsest(["list", "--json"]));

/** A stage's losses in their order. */
export const losses = (events, stage) =>
  events
    .filter(({ event, kind, stage: of }) => of === stage && kind === "scalar" && event.series === "loss")
    .map(({ event }) => event.value);

/** The largest relative difference of two rows of numbers. */
export const apart = (these, those) => {
  expect(these.length).toBe(those.length);
  return Math.max(0, ...these.map((value, at) => Math.abs(value - those[at]) / Math.max(Math.abs(those[at]), 1e-30)));
};

// Draws a stroke on the pad along these points, each across and down, 0 to 1.
export async function draw(page, [first, ...rest]) {
  const pad = page.locator("#pad");
  await pad.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await pad.boundingBox();
  const point = ([across, down]) => page.mouse.move(x + across * width, y + down * height, { steps: 4 });
  await point(first);
  await page.mouse.down();
  for (const next of rest) await point(next);
  await page.mouse.up();
}
