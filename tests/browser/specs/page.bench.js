// How soon the page can be used, and how long its default chain takes, on this machine with a fresh cache: prints one
// line of JSON, gates nothing.
import { expect, test } from "@playwright/test";
import { line } from "./line.js";

const ROUNDS = 5;
/** Bits a second of a slow line. */
const SLOW = 10e6;
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

/** Milliseconds from the press of play to the words of the first step, by the page's own clock. */
async function pressed(page) {
  return page.evaluate(
    () =>
      new Promise((done) => {
        const began = performance.now();
        const line = document.querySelector(".transport .line");
        const look = () => /Step \d+ of|Done in/.test(line.textContent) && done(performance.now() - began);
        new MutationObserver(look).observe(line, { subtree: true, childList: true, characterData: true });
        document.querySelector("button.play").click();
      }),
  );
}

/** Milliseconds from navigation to the enabled button, by the page's own clock, and the page. */
async function navigated(browser, baseURL) {
  const page = await browser.newPage({ baseURL });
  await page.addInitScript(() => {
    const look = () => {
      const play = document.querySelector("button.play");
      if (play && !play.disabled) window.enabledAt = performance.now();
      else requestAnimationFrame(look);
    };
    look();
  });
  await page.goto("./", { waitUntil: "commit" });
  const enabled = await page.waitForFunction(() => window.enabledAt, null, { timeout: 60_000 });
  return [Math.round(await enabled.jsonValue()), page];
}

test("from navigation to play, from the press to the first step, and the whole chain", async ({ browser, baseURL }) => {
  test.setTimeout(600_000);
  const times = { enabled: [], enabledOnSlowLine: [], startedAtOnce: [], started: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const [enabled, page] = await navigated(browser, baseURL);
    times.enabled.push(enabled);
    times.startedAtOnce.push(Math.round(await pressed(page)));
    await page.close();
  }
  const slow = await line(Number(process.env.PALIMPSEST_PACKED_PORT), SLOW);
  for (let round = 0; round < ROUNDS; round++) {
    const [enabled, page] = await navigated(browser, baseURL.replace(/:\d+/, `:${slow.port}`));
    times.enabledOnSlowLine.push(enabled);
    await page.close();
  }
  slow.close();
  for (let round = 0; round < ROUNDS; round++) {
    const page = await browser.newPage({ baseURL });
    await page.goto("./");
    await expect(page.locator("button.play")).toBeEnabled({ timeout: 60_000 });
    // As long as a visitor needs to read the sentence.
    await page.waitForTimeout(2000);
    times.started.push(Math.round(await pressed(page)));
    await page.close();
  }
  const medians = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]));

  const page = await browser.newPage({ baseURL });
  await page.addInitScript(() => {
    window.longTasks = [];
    const keep = ({ startTime, duration }) => window.longTasks.push([startTime, duration]);
    new PerformanceObserver((list) => list.getEntries().forEach(keep)).observe({ type: "longtask" });
  });
  await page.goto("./");
  const play = page.locator("button.play");
  await expect(play).toBeEnabled({ timeout: 60_000 });
  const clock = () => page.evaluate(() => performance.now());
  const layers = {};
  const runs = [];
  for (let label; !/again/i.test((label = (await play.innerText()).trim())); ) {
    const pressed = await clock();
    await play.click();
    if (/^next/i.test(label)) continue;
    await expect(play).toHaveText(/^\s*(next|play it all)/i, { timeout: 300_000 });
    const done = await clock();
    layers[label] = Math.round(done - pressed);
    runs.push([pressed, done]);
  }
  const all = await page.evaluate(() => window.longTasks);
  const longTasks = all.length;
  // In a run, after its first second: each one's milliseconds.
  const inRun = ([start]) => runs.some(([pressed, done]) => start > pressed + 1000 && start < done);
  const longTasksInRun = all.filter(inRun).map(([, duration]) => duration);
  console.log(JSON.stringify({ unit: "ms", ...medians, layers, longTasks, longTasksInRun }));
});
