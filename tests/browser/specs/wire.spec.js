// What crosses the boundary between page and worker: a value of every variant, there and back.
import { check } from "./checks.js";
import { expect, test } from "./test.js";

test("every event, answer, command, question and control comes back as it was sent", async ({ page }) => {
  expect(await check(page, "wire")).toEqual([]);
});
