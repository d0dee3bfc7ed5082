// Pictures have the shape and the colours of what the engine answers.
import { drop, idx, load, open, play, playOne, visit } from "../../page.js";
import { expect, test } from "../../test.js";

const run = (task) => `
version = 1
name = "pictures"
tasks.own = ${task}
model = { id = "mlp", widths = [32] }
stage = [
    { id = "train.scratch", as = "own", train = { epochs = 3, lr = 0.01 } },
    { id = "attack.pgd-l2", as = "fooled", epsilon = 0.8, steps = 3 },
]
`;

/** Keeps the engine's newest answer about one attacked image: its shape, and its pixels as they were and attacked. */
const overhear = (page) =>
  page.evaluate(() => {
    window.engines.at(-1).addEventListener("message", ({ data: [{ event }, ...buffers] }) => {
      const attack = event.answer?.answer.Ok?.attack;
      const [clean, attacked] = buffers.map((buffer) => Array.from(new Float32Array(buffer)));
      if (attack?.shape[0] === 1) window.shot = { shape: attack.shape.slice(1), clean, attacked };
    });
  });

/** A picture's width, height, and red, green, blue and alpha of each pixel. */
const pixels = (canvas) =>
  canvas.evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const at = (place) => Array.from(data.slice(4 * place, 4 * place + 4));
    const size = [canvas.width, canvas.height];
    return { size, data: Array.from({ length: data.length / 4 }, (_, place) => at(place)) };
  });

/** Plays both stages and opens the lab; brings back what the engine answered about the image in hand. */
async function attack(page) {
  await overhear(page);
  await playOne(page);
  await expect(play(page)).toHaveText("Next: attack it");
  await play(page).click();
  await playOne(page);
  await visit(page, "attack");
  await page.waitForFunction(() => window.shot);
  await expect(page.getByRole("img", { name: "the change" })).toBeVisible();
  await expect(page.locator(".measures p").first()).toContainText("largest");
  return page.evaluate(() => window.shot);
}

const byte = (share) => Math.round(255 * Math.min(1, Math.max(0, share)));

test("a change shows all three channels of a coloured image", async ({ page }) => {
  await open(page);
  await load(page, run('{ id = "glyphs", n = 300, size = 12, shapes = "digits", rgb = true }'));
  const { shape, clean, attacked } = await attack(page);
  expect(shape).toEqual([3, 12, 12]);
  const count = 12 * 12;
  const colour = (values, at) => [0, 1, 2].map((channel) => values[channel * count + at]);

  const before = await pixels(page.getByRole("img", { name: "the image as it is" }));
  expect(before.size).toEqual([12, 12]);
  for (const [at, seen] of before.data.entries()) expect(seen, `${at}`).toEqual([...colour(clean, at).map(byte), 255]);

  const change = await pixels(page.getByRole("img", { name: "the change" }));
  expect(change.size).toEqual([12, 12]);
  const factor = Number(/×(\d+)/.exec(await page.locator(".triptych figcaption", { hasText: "×" }).textContent())[1]);
  let told = 0;
  for (const [at, [r, g, b, alpha]] of change.data.entries()) {
    const by = colour(attacked, at).map((value, channel) => factor * (value - colour(clean, at)[channel]));
    const most = Math.max(...by.map(Math.abs));
    expect(Math.abs(alpha - byte(most)), `${at}`).toBeLessThanOrEqual(1);
    // A canvas keeps little of the colour of a faint pixel.
    if (alpha < 128) continue;
    for (const [channel, seen] of [r, g, b].entries()) {
      expect(Math.abs(seen - byte(0.5 + (0.5 * by[channel]) / most)), `${at}`).toBeLessThanOrEqual(3);
    }
    told += new Set([r, g, b]).size === 3;
  }
  expect(told).toBeGreaterThan(0);
});

test("an image that is not square keeps its shape", async ({ page }) => {
  const [n, height, width] = [200, 6, 10];
  // Bright in a column at the left, in one at the right, or in the row at the top.
  const bright = [(_, x) => x === 0, (_, x) => x === width - 1, (y) => y === 0];
  const labels = Array.from({ length: n }, (_, at) => at % 3);
  const image = (label) =>
    Array.from({ length: height * width }, (_, at) => (bright[label](Math.floor(at / width), at % width) ? 255 : 0));
  await open(page);
  await load(page, run('{ id = "digits" }'));
  await drop(page, "images-idx3-ubyte", idx([n, height, width], labels.flatMap(image)));
  await drop(page, "labels-idx1-ubyte", idx([n], labels));
  await page.getByRole("button", { name: "Close" }).first().click();
  await expect(page.locator(".transport .line")).toContainText("About");
  const { shape } = await attack(page);
  expect(shape).toEqual([1, height, width]);
  for (const name of ["the image as it is", "the change", "the attacked image"]) {
    expect((await pixels(page.getByRole("img", { name }))).size, name).toEqual([width, height]);
  }
  await page.getByRole("button", { name: "Clean", exact: true }).click();
  for (const label of [0, 1, 2]) {
    const tile = page.locator(".leaf .row").nth(label).locator("canvas").first();
    const { size, data } = await pixels(tile);
    expect(size).toEqual([width, height]);
    expect(data.map(([, , , alpha]) => alpha)).toEqual(image(label));
  }
});
