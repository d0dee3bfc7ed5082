import { test, expect } from "./test.js";
import * as P from "./page.js";
test("probe", async ({ page }) => {
  await P.open(page);
  for (const name of ["four-labs"]) {
    const text = P.recipe(name);
    const cli = P.commandLine(text);
    await P.load(page, text);
    await P.playAll(page);
    const ours = await page.evaluate(() => { const l = said.filter(s => s.event.event === 'finished').at(-1).run; return said.filter(s => s.run === l); });
    for (const s of ["hardened", "forgot"]) { const l = P.losses(cli, s), m = P.losses(ours, s);
      console.log(s, l.map((v,i)=>(Math.abs(v-m[i])/Math.abs(v)).toExponential(1)).slice(0,120).join(' '));
    }
  }
});
