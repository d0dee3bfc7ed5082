import { expect, test } from "./test.js";

test("the page loads from a sub-path, without an error and without asking a stranger", async ({ page, baseURL }) => {
  const foreign = [];
  page.on("request", (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(baseURL)) foreign.push(request.url());
  });
  await page.goto("./");
  await expect(page).toHaveTitle(/Palimpsest/);
  await expect(page.getByRole("main")).toBeVisible();
  expect(foreign).toEqual([]);
});
