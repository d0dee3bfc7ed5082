// Every recipe that takes seconds is opened and begun; three of them are played whole, as is a fourth in four-labs.
import { load, open, play, playAll, playOne, quickRecipes, recipe, sentence } from "./page.js";
import { expect, test } from "./test.js";
import { leafIsTrue, leavesAreTrue, playVersions, sentencesAreEqual } from "./whole.js";

for (const name of quickRecipes()) {
  test(`${name} opens, and the leaf shows what its first stage answers`, async ({ page }) => {
    await open(page);
    // The first of them belongs to the first stage.
    await load(page, recipe(name).replace(/epochs = \d+/, "epochs = 1"));
    await expect(page.locator(".notice")).toHaveCount(0);
    await playOne(page, 120_000);
    await expect(page.locator(".notice")).toHaveCount(0);
    await expect(page.locator(".transport .line")).toContainText("Done in");
    await expect(play(page)).toBeEnabled();
    await expect(sentence(page)).not.toBeEmpty();
    const [, first] = /as = "([^"]+)"/.exec(recipe(name));
    await leafIsTrue(page, first);
  });
}

for (const name of ["letters-to-forgetting", "half-digits", "moons"]) {
  test(`${name}, played whole: one voice with the command line, and leaves as the engine answers`, async ({ page }) => {
    test.setTimeout(300_000);
    // One retraining in place of three, for time.
    const text = recipe(name).replace("retrain_seeds = 3", "retrain_seeds = 1");
    await open(page);
    await load(page, text);
    await playAll(page, 300_000);
    await playVersions(page);
    await expect(page.locator(".notice")).toHaveCount(0);
    await sentencesAreEqual(page, text);
    await leavesAreTrue(page);
  });
}
