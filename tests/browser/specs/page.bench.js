// How soon the page can be used, on this machine with a fresh cache: prints one line of JSON, gates nothing.
import { expect, test } from "@playwright/test";

test("from navigation to play, and from the press to the first step", async ({ browser, baseURL }) => {
  const times = { enabled: [], started: [], longTasks: [] };
  for (let round = 0; round < 5; round++) {
    const page = await browser.newPage({ baseURL });
    await page.addInitScript(() => {
      window.longTasks = 0;
      new PerformanceObserver((list) => (window.longTasks += list.getEntries().length)).observe({ type: "longtask" });
    });
    const play = page.getByRole("button", { name: /^play/i }).first();
    const navigated = Date.now();
    await page.goto("./", { waitUntil: "commit" });
    await expect(play).toBeEnabled({ timeout: 60_000 });
    times.enabled.push(Date.now() - navigated);
    const pressed = Date.now();
    await play.click();
    await page.getByText(/Step \d+ of \d+/).first().waitFor({ timeout: 60_000 });
    times.started.push(Date.now() - pressed);
    await page.waitForTimeout(3000);
    times.longTasks.push(await page.evaluate(() => window.longTasks));
    await page.close();
  }
  const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
  const medians = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]));
  console.log(JSON.stringify({ unit: "ms", ...medians }));
});
