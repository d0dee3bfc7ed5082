import { defineConfig } from "@playwright/test";

// Chromium of this machine, or Playwright's own when CHROME is not set.
const executablePath = process.env.CHROME;
const args = ["--no-sandbox", "--disable-background-networking"];
const webgpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
const chromium = (...more) => ({ launchOptions: { args: [...args, ...more], executablePath } });

// A port for this run, which its workers inherit, and a folder: every test also shows that the page works from one.
const port = (process.env.PALIMPSEST_PORT ??= String(20_000 + Math.floor(Math.random() * 10_000)));
const baseURL = `http://127.0.0.1:${port}/palimpsest/`;
// The same page as GitHub Pages would send it, for a bench on a slow line.
const packed = (process.env.PALIMPSEST_PACKED_PORT ??= String(Number(port) + 10_000));

// `cargo xtask` names itself.
const xtask = process.env.PALIMPSEST_XTASK ? `"${process.env.PALIMPSEST_XTASK}"` : "cargo xtask";

const serve = (port) => `${xtask} serve ../../dist --base /palimpsest/ --port ${port}`;

export default defineConfig({
  expect: { timeout: 15_000 },
  forbidOnly: true,
  outputDir: "test-results/files",
  projects: [
    {
      name: "bench",
      testIgnore: ["memory.bench.js", "webgpu.bench.js"],
      testMatch: "*.bench.js",
      use: { ...chromium("--disable-gpu"), trace: "off" },
    },
    { name: "picture", testMatch: "*.picture.js", timeout: 600_000, use: { ...chromium("--disable-gpu"), trace: "off" } },
    { name: "memory", testMatch: "memory.bench.js", use: { ...chromium("--disable-gpu"), trace: "off" } },
    // The adapter of this machine, emulated where there is none.
    { name: "bench-gpu", testMatch: "webgpu.bench.js", timeout: 600_000, use: chromium("--enable-unsafe-webgpu") },
    { name: "cpu", testIgnore: "*.gpu.spec.js", testMatch: "*.spec.js", use: chromium() },
    { name: "gpu", testMatch: "*.gpu.spec.js", timeout: 600_000, use: chromium(...webgpu) },
  ],
  testDir: "specs",
  timeout: 120_000,
  use: { baseURL, trace: "retain-on-failure", viewport: { width: 1280, height: 800 } },
  webServer: [
    { command: serve(port), url: baseURL },
    { command: `${serve(packed)} --compress gzip`, port: Number(packed) },
  ],
  // Training is timed: two at once on two cores would slow each other down.
  workers: 1,
});
