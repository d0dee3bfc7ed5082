// Programs of web/checks: each leaves in its page a list of what is wrong.
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";

const TYPES = { js: "text/javascript", wasm: "application/wasm" };

/** Runs one of them in a page of its own, and brings back the list. */
export async function check(page, program) {
  const html = `<!doctype html><script type="module">import init from "./${program}.js"; await init();</script>`;
  await page.route("**/checks/*", async (route) => {
    const name = basename(new URL(route.request().url()).pathname);
    const type = TYPES[name.split(".").pop()];
    if (!type) return route.fulfill({ body: html, contentType: "text/html" });
    const body = await readFile(join(process.env.PALIMPSEST_CHECKS, name));
    await route.fulfill({ body, contentType: type });
  });
  await page.goto("./checks/page");
  const checked = await page.waitForFunction(() => window.checked, undefined, { timeout: 120_000 });
  return checked.jsonValue();
}
