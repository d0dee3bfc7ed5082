// How soon the page can be used, and how long its default chain takes, on this machine with a fresh cache: prints one
// line of JSON, gates nothing.
import { expect, test } from "@playwright/test";

const ROUNDS = 5;
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

test("from navigation to play, from the press to the first step, and the whole chain", async ({ browser, baseURL }) => {
  test.setTimeout(600_000);
  const times = { enabled: [], started: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const page = await browser.newPage({ baseURL });
    const play = page.locator("button.play");
    const navigated = Date.now();
    await page.goto("./", { waitUntil: "commit" });
    await expect(play).toBeEnabled({ timeout: 60_000 });
    times.enabled.push(Date.now() - navigated);
    const pressed = Date.now();
    await play.click();
    await page.getByText(/Step \d+ of \d+|Done in/).first().waitFor({ timeout: 60_000 });
    times.started.push(Date.now() - pressed);
    await page.close();
  }
  const medians = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]));

  const page = await browser.newPage({ baseURL });
  await page.addInitScript(() => {
    window.longTasks = 0;
    new PerformanceObserver((list) => (window.longTasks += list.getEntries().length)).observe({ type: "longtask" });
  });
  await page.goto("./");
  const play = page.locator("button.play");
  await expect(play).toBeEnabled({ timeout: 60_000 });
  const layers = {};
  for (let label; !/again/i.test((label = (await play.innerText()).trim())); ) {
    const pressed = Date.now();
    await play.click();
    if (/^next/i.test(label)) continue;
    await expect(play).toHaveText(/^\s*(next|play it all)/i, { timeout: 300_000 });
    layers[label] = Date.now() - pressed;
  }
  const longTasks = await page.evaluate(() => window.longTasks);
  console.log(JSON.stringify({ unit: "ms", ...medians, layers, longTasks }));
});
