// Every network of the engine, on the page and on the command line: the convolutional one and the mlp are in others.
import { apart, commandLine, load, losses, open, playAll, said } from "./page.js";
import { expect, test } from "./test.js";

/**
 * Trained, and trained on as LoRA, for twenty steps each. Both agree to 5e-7 in them; later a rounding meets a kink of
 * relu, or Adam makes a whole step of a gradient that is rounding alone, and losses part by 1e-4 and more (seen after 50
 * steps of a net with batch norm, from one step to the next).
 */
const sgd = '{ epochs = 1, batch = 64, optimizer = "sgd", lr = 0.05 }';
const run = (model) => `
version = 1
name = "nets"
tasks.digits = { id = "digits" }
tasks.tilted = { id = "digits", tilt = 30 }
model = ${model}
stage = [
    { id = "train.scratch", as = "digits", train = ${sgd} },
    { id = "peft.lora", as = "lora", on = "tilted", rank = 2, train = ${sgd} },
]
`;

for (const [name, model] of [
  ["a residual network", '{ id = "resnet", width = 4 }'],
  ["a residual network with group norm", '{ id = "resnet", width = 4, norm = "group" }'],
  ["a vision transformer", '{ id = "vit", width = 16, depth = 2 }'],
]) {
  test(`${name} learns on the page what it learns on the command line`, async ({ page }) => {
    await open(page);
    await load(page, run(model));
    await playAll(page);
    const theirs = commandLine(run(model));
    const [{ run: number, event: { report: ours } }] = await said(page, "finished");
    const events = await page.evaluate((run) => window.said.filter((said) => said.run === run), number);
    const { report } = theirs.at(-1).event;
    expect(ours.hashes).toEqual(report.hashes);
    expect(apart(losses(events, "digits"), losses(theirs, "digits")), "losses").toBeLessThan(1e-4);
    expect(apart(losses(events, "lora"), losses(theirs, "lora")), "losses of LoRA").toBeLessThan(1e-4);
    for (const [at, row] of report.rows.entries()) {
      if (row.key !== "accuracy") continue;
      expect(Math.abs(ours.rows[at].value - row.value), row.stage).toBeLessThanOrEqual(100.01 / row.n);
    }
  });
}
