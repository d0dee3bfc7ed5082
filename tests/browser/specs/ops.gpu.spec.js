// Every operation on WebGPU, one by one: its results and gradients against double precision (crates/ops/tests/cases).
import { check } from "./checks.js";
import { expect, test } from "./test.js";

test("operations and their gradients agree with double precision on WebGPU", async ({ page }) => {
  expect(await check(page, "checks")).toEqual([]);
});
