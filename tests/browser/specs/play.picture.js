// The README's pictures: the page plays its default chain, told in a few seconds.
import { expect, test } from "@playwright/test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { animate } from "../webp.js";

const SECONDS = 11;
/** Frames, the more the better, and the bytes that they may take: `cargo xtask picture` refuses 900,000. */
const FRAMES = [32, 28, 24, 20, 16];
const BYTES = 880_000;
/** The last of the seconds, in which the end can be read. */
const REST = 2;

for (const colorScheme of ["light", "dark"]) {
  test(`the default chain, ${colorScheme}`, async ({ browser, baseURL }) => {
    const size = { width: 1200, height: 750 };
    const page = await browser.newPage({ baseURL, colorScheme, viewport: size });
    await page.goto("./?backend=cpu");
    const play = page.locator("button.play");
    await expect(play).toBeEnabled({ timeout: 60_000 });
    const shots = [await page.screenshot()];
    const watch = async () => {
      // A stage begins in the transport's line, and ends with another word on the button.
      while (!/^\s*(next|play it all)/i.test(await play.innerText())) {
        shots.push(await page.screenshot());
        await page.waitForTimeout(100);
      }
      shots.push(await page.screenshot());
    };
    for (let label; !/again/i.test((label = (await play.innerText()).trim())); ) {
      await play.click();
      if (/^next/i.test(label)) {
        await page.waitForTimeout(300);
        shots.push(await page.screenshot());
        continue;
      }
      await expect(page.locator(".transport .line")).not.toBeEmpty();
      await watch();
    }
    await page.close();

    let picture;
    for (const most of FRAMES) {
      const count = Math.min(most, shots.length);
      const ms = Math.floor((1000 * (SECONDS - REST)) / (count - 1));
      const frames = Array.from({ length: count }, (_, at) => ({
        png: shots[Math.round((at * (shots.length - 1)) / (count - 1))],
        ms: at + 1 < count ? ms : 1000 * REST,
      }));
      const blank = await browser.newPage();
      picture = await animate(blank, frames);
      await blank.close();
      if (picture.length <= BYTES) break;
    }
    writeFileSync(join(process.env.PALIMPSEST_PICTURES, `play-${colorScheme}.webp`), picture);
  });
}
