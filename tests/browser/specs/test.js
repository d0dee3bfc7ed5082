// Playwright's `test`, which also fails on an error that a page threw or wrote to its console. That the GPU engine is not
// there yet is no error.
import { expect, test as base } from "@playwright/test";

export { expect };

export const test = base.extend({
  page: async ({ page }, use) => {
    const errors = [];
    page.on("console", (message) => {
      if (message.type() === "error" && !message.location().url.includes("/gpu/")) errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(error.message));
    await use(page);
    expect(errors).toEqual([]);
  },
});
