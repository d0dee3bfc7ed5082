// The nearest peer in a browser, jax-js: the networks of tests/bench/mlp.toml and conv.toml, batch 64, Adam, the whole
// step in one `jit`.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

const index = fileURLToPath(import.meta.resolve("@jax-js/jax"));

/** Its files below the page. */
export const served = (page) =>
  page.route("**/jax-js/*", async (route) => {
    const body = await readFile(index.replace(/[^/]+$/, basename(new URL(route.request().url()).pathname)));
    await route.fulfill({ body, contentType: "text/javascript" });
  });

/** Runs in the page: milliseconds of `n` steps one after the other, the loss of each read back, after two more. */
export async function steps({ net, n }) {
  const { defaultDevice, init, jit, lax, nn, numpy: np, tree, valueAndGrad } = await import(
    new URL("jax-js/index.js", document.baseURI).href
  );
  await init("webgpu");
  defaultDevice("webgpu");
  const fill = (shape, scale) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return np.array(Float32Array.from({ length: size }, () => (Math.random() * 2 - 1) * scale)).reshape(shape);
  };
  const conv = net === "conv";
  const shapes = conv
    ? [[16, 1, 3, 3], [1, 16, 1, 1], [32, 16, 3, 3], [1, 32, 1, 1], [1568, 10], [10]]
    : [[64, 64], [64], [64, 10], [10]];
  const block = (x, w, b) =>
    nn.relu(lax.reduceWindow(lax.convGeneralDilated(x, w, [1, 1], "SAME").add(b), np.max, [2, 2], [2, 2]));
  const logits = (p, x) =>
    conv
      ? np.matmul(block(block(x, p[0], p[1]), p[2], p[3]).reshape([64, 1568]), p[4]).add(p[5])
      : np.matmul(nn.relu(np.matmul(x, p[0]).add(p[1])), p[2]).add(p[3]);
  const loss = (p, x, y) => nn.logSoftmax(logits(p, x)).mul(y).sum().mul(-1 / 64);
  const [b1, b2, lr] = [0.9, 0.999, 0.01];
  const step = jit((p, m, v, t, x, y) => {
    const [value, g] = valueAndGrad(loss)(tree.ref(p), x, y);
    const left = (beta, t) => np.array(1).sub(np.power(np.array(beta), t));
    const rate = np.sqrt(left(b2, t.ref)).mul(lr).div(left(b1, t));
    m = m.map((m, i) => m.mul(b1).add(g[i].ref.mul(1 - b1)));
    v = v.map((v, i) => v.mul(b2).add(g[i].ref.mul(g[i]).mul(1 - b2)));
    p = p.map((p, i) => p.sub(m[i].ref.mul(rate.ref).div(np.sqrt(v[i].ref).add(1e-8))));
    rate.dispose();
    return [p, m, v, value];
  });
  let p = shapes.map((shape) => fill(shape, 0.1));
  let m = shapes.map((shape) => np.zeros(shape));
  let v = shapes.map((shape) => np.zeros(shape));
  const x = fill(conv ? [64, 1, 28, 28] : [64, 64], 1);
  const y = nn.oneHot(np.array(Int32Array.from({ length: 64 }, (_, i) => i % 10)), 10);
  const times = [];
  for (let at = 1; at <= n + 2; at++) {
    const begun = performance.now();
    let value;
    [p, m, v, value] = step(p, m, v, np.array(at), x.ref, y.ref);
    const [read] = await value.data();
    if (!Number.isFinite(read)) throw new Error(`jax-js: loss ${read}`);
    times.push(performance.now() - begun);
  }
  return times.slice(2);
}
