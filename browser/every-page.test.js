// What holds for every page, in whatever state the exporter is.
import assert from "node:assert/strict";
import { it } from "node:test";
import { accessible, clusters, fits, follow, hostile, useBrowser, visit } from "./harness.js";

useBrowser();

const model = (namespace, type, name) => "/model/" + [namespace, type, name].map(encodeURIComponent).join("/");
const longest = hostile.reduce((a, b) => (a.length > b.length ? a : b));

// The first page and the checks of every cluster, and every other kind of page in the states
// that it has, with its status.
const pages = [
  ...Object.keys(clusters).flatMap((cluster) => [[cluster, "/", 200], [cluster, "/doctor", 200]]),
  ["town", "/?by=namespace", 200],
  ["town", "/?q=there+is+no+such+model", 200],
  ["town", "/?sort=nothing", 400],
  ["town", "/no-such-page", 404],
  ["town", model("seldon", "SeldonDeployment", "income"), 200],
  ["town", model("vision", "InferenceService", "resnet") + "?range=7d&explain=1", 200],
  ["outage", model("seldon", "SeldonDeployment", "iris"), 200],
  ["outage", model("seldon", "SeldonDeployment", "without-limits"), 200],
  ["unrecorded", model("seldon", "SeldonDeployment", "iris"), 200],
  ["down", model("seldon", "SeldonDeployment", "iris"), 200],
  ["hostile", model("hostile", "SeldonDeployment", longest) + "?explain=1", 200],
  ["town", "/config", 200],
  ["several", "/config", 200],
  ["several", "/doctor?upstream=us", 200],
  ["several", "/doctor?upstream=nobody", 400],
  ["several", model("seldon", "SeldonDeployment", "iris") + "?cluster=eu", 200],
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
      await follow(page, () => page.locator("header a").first().click());
      assert.equal(new URL(page.url()).pathname, "/");
    }, { status, javaScriptEnabled: true }));
}
