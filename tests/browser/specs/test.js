// Playwright's `test`, which also fails on an error that a page threw or wrote to its console.
import { expect, test as base } from "@playwright/test";
import { record } from "./page.js";

export { expect };

/** Collects what a page complains of, in a list that is still growing. */
export function complaints(page) {
  const errors = [];
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => errors.push(error.message));
  return errors;
}

export const test = base.extend({
  /** Complaints that a test provokes. */
  provoked: [/^$/, { option: true }],
  page: async ({ page, provoked }, use) => {
    const errors = complaints(page);
    await record(page);
    await use(page);
    expect(errors.filter((error) => !provoked.test(error))).toEqual([]);
  },
});
