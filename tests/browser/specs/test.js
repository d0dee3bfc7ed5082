// Playwright's `test`, which also fails on an error that a page threw or wrote to its console.
import { expect, test as base } from "@playwright/test";

export { expect };

export const test = base.extend({
  page: async ({ page }, use) => {
    const errors = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error.message));
    page.errors = errors;
    await use(page);
    expect(errors).toEqual([]);
  },
});
