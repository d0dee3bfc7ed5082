// A page in which the recipe of all four labs was played, once for all tests that look at it.
import { load, open, playAll, recipe, record } from "./page.js";
import { complaints, expect, test as base } from "./test.js";

export { expect };

export const FOUR_LABS = recipe("four-labs");

export const test = base.extend({
  /** A page in which the recipe was played. */
  played: [
    async ({ browser }, use, { project }) => {
      const page = await browser.newPage({ baseURL: project.use.baseURL, viewport: project.use.viewport });
      const errors = complaints(page);
      await record(page);
      await open(page);
      await load(page, FOUR_LABS);
      await playAll(page);
      await use(page);
      await page.close();
      expect(errors).toEqual([]);
    },
    { scope: "worker", timeout: 120_000 },
  ],
});
