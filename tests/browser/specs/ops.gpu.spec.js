// Every operation on WebGPU, one by one: its results and gradients against double precision (crates/ops/tests/cases).
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { expect, test } from "./test.js";

const TYPES = { js: "text/javascript", wasm: "application/wasm" };
const PAGE = '<!doctype html><script type="module">import init from "./checks.js"; await init();</script>';

test("operations and their gradients agree with double precision on WebGPU", async ({ page }) => {
  await page.route("**/checks/*", async (route) => {
    const name = basename(new URL(route.request().url()).pathname);
    const type = TYPES[name.split(".").pop()];
    if (!type) return route.fulfill({ body: PAGE, contentType: "text/html" });
    const body = await readFile(join(process.env.PALIMPSEST_CHECKS, name));
    await route.fulfill({ body, contentType: type });
  });
  await page.goto("./checks/page");
  const checked = await page.waitForFunction(() => window.checked, undefined, { timeout: 120_000 });
  expect(await checked.jsonValue()).toEqual([]);
});
