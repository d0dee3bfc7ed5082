import { defineConfig } from "@playwright/test";

// Chromium of this machine, or Playwright's own when CHROME is not set.
const executablePath = process.env.CHROME;
const args = ["--no-sandbox", "--disable-background-networking"];
const webgpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
const chromium = (...more) => ({ launchOptions: { args: [...args, ...more], executablePath } });

// Below a folder, so that every test also shows that the page works from one.
const baseURL = "http://127.0.0.1:8765/palimpsest/";

export default defineConfig({
  expect: { timeout: 15_000 },
  forbidOnly: true,
  outputDir: "test-results/files",
  projects: [
    { name: "bench", testMatch: "*.bench.js", use: chromium() },
    { name: "cpu", testIgnore: "*.gpu.spec.js", testMatch: "*.spec.js", use: chromium() },
    { name: "gpu", testMatch: "*.gpu.spec.js", timeout: 600_000, use: chromium(...webgpu) },
  ],
  testDir: "specs",
  timeout: 120_000,
  use: { baseURL, trace: "retain-on-failure", viewport: { width: 1280, height: 800 } },
  webServer: { command: `node server.js ../../dist ${baseURL}`, url: baseURL },
  // Training is timed: two at once on two cores would slow each other down.
  workers: 1,
});
