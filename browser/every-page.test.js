// What holds for every page, in whatever state the exporter is.
import assert from "node:assert/strict";
import { it } from "node:test";
import { accessible, clusters, fits, useBrowser, visit } from "./harness.js";

useBrowser();

// The first page and the checks of every cluster, and of one cluster every other kind of page,
// with its status.
const pages = [
  ...Object.keys(clusters).flatMap((cluster) => [[cluster, "/", 200], [cluster, "/doctor", 200]]),
  ["town", "/?by=namespace", 200],
  ["town", "/?q=there+is+no+such+model", 200],
  ["town", "/?sort=nothing", 400],
  ["town", "/no-such-page", 404],
];

for (const [cluster, path, status] of pages) {
  it(`${path} of the cluster "${cluster}" is accessible in light and dark, fits any window, and leads back`, () =>
    visit(cluster, path, async (page, response) => {
      assert.match(await page.title(), /\S · Seldon Prometheus Exporter$/);
      assert.equal(await page.locator("h1").count(), 1);
      const policy = response.headers()["content-security-policy"];
      assert.match(policy, /default-src 'none'/);
      assert.doesNotMatch(policy, /unsafe-|script-src|\*/);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await accessible(page);
      }
      for (const width of [360, 800, 1440]) await fits(page, width);
      await page.locator("header a").first().click();
      assert.equal(new URL(page.url()).pathname, "/");
    }, { status, javaScriptEnabled: true }));
}
