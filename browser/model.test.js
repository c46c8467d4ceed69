// A model's page: its plots, its values, and why they are what they are.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { csv, fetched, follow, hostile, useBrowser, visit } from "./harness.js";

useBrowser();

const income = "/model/seldon/SeldonDeployment/income";
const plots = ["cpu", "memory", "containers"];

// runs returns the stretches of a line, as [from, to] in the drawing's width of 1000.
const runs = async (page, plot, line) => {
  const path = await page.locator(`#plot-${plot} path.${line}`).getAttribute("d");
  return path.split("M").slice(1).map((run) => [parseFloat(run), parseFloat(run.slice(run.lastIndexOf("H") + 1))]);
};

describe("a model's page", () => {
  it("is where the list leads to, and leads back", () =>
    visit("town", "/", async (page) => {
      await follow(page, () => page.getByRole("link", { name: "income" }).click());
      assert.equal(new URL(page.url()).pathname, income);
      assert.equal(await page.locator("#model").innerText(), "income");
      await follow(page, () => page.getByRole("main").getByRole("link", { name: "seldon", exact: true }).click());
      assert.match(page.url(), /namespace=seldon/);
    }));

  it("has a day of every metric, without a gap, where the exporter is scraped", () =>
    visit("town", income, async (page) => {
      assert.equal(await page.locator("#no-history, #problem").count(), 0);
      for (const plot of ["cpu", "memory"]) {
        for (const line of ["used", "request", "limit"]) {
          const [run, ...more] = await runs(page, plot, line);
          assert.deepEqual(more, [], `${plot} ${line}: gaps`);
          assert.ok(run[0] < 20 && run[1] > 980, `${plot} ${line}: ${run} of 0 to 1000`);
        }
      }
      assert.equal((await runs(page, "containers", "used")).length, 1);
      const { text } = await fetched(page, page.locator("#csv"));
      const windows = csv(text);
      assert.ok(windows.length >= 142 && windows.length <= 145, `${windows.length} windows of 10 min in 24 h`);
      windows.forEach((w, i) => {
        if (i > 0) assert.equal(Date.parse(w.window_end) - Date.parse(windows[i - 1].window_end), 600_000);
      });
      const document = JSON.parse((await fetched(page, page.locator("#json"))).text);
      assert.equal(document.model.name, "income");
      assert.equal(document.history.length, windows.length);
      assert.equal(document.history[0].model_memory_usage_bytes, Number(windows[0].model_memory_usage_bytes));
    }));

  it("has what a plot shows as a table, the newest window first", () =>
    visit("town", income, async (page) => {
      const windows = csv((await fetched(page, page.locator("#csv"))).text).reverse();
      await page.locator("#past-cpu summary").click();
      const rows = await page.locator("#past-cpu tbody tr").evaluateAll((all) => all.map((row) =>
        [row.querySelector("time").dateTime, ...Array.from(row.querySelectorAll("data"), (d) => d.value)]));
      assert.deepEqual(rows, windows.map((w) => [w.window_end, w.model_cpu_usage_seconds_total, w.model_cpu_requests, w.model_cpu_limits]));
      assert.deepEqual(await page.locator("#past-containers thead th").allTextContents(), ["End of the window", "Used"]);
    }));

  it("has an outage as a gap, and a model's birth as the beginning, where windows are delivered", () =>
    visit("outage", "/model/seldon/SeldonDeployment/iris", async (page) => {
      for (const line of ["used", "request", "limit"]) {
        const found = await runs(page, "cpu", line);
        assert.equal(found.length, 2, `${line}: ${found}`);
        const gap = (found[1][0] - found[0][1]) * 24 / 1000;
        assert.ok(gap >= 2 && gap <= 3.6, `${line}: a gap of ${gap} h, for an outage of 3 h`);
      }
      await page.goto("/model/seldon/SeldonDeployment/short");
      const [[from]] = await runs(page, "memory", "used");
      assert.ok(from > 50, `it begins at ${from} of 1000, and lives for 21 h`);
    }));

  it("has no lines of what is not set", () =>
    visit("outage", "/model/seldon/SeldonDeployment/without-limits", async (page) => {
      assert.equal(await page.locator("path.used").count(), plots.length);
      assert.equal(await page.locator("path.request, path.limit").count(), 0);
    }));

  it("shows other spans of time", () =>
    visit("town", income, async (page) => {
      await follow(page, () => page.getByRole("link", { name: "7 days" }).click());
      assert.equal(await page.locator('#ranges [aria-current="true"]').innerText(), "7 days");
      const [run] = await runs(page, "cpu", "used");
      assert.ok(run[0] > 800, `a day of seven begins at ${run[0]} of 1000`);
    }));

  it("says why a number is what it is: the shares of the containers add up to it", () =>
    visit("town", "/model/vision/InferenceService/resnet", async (page) => {
      const now = await page.locator("#chart-cpu .values data").first().getAttribute("value");
      await follow(page, () => page.locator("#chart-cpu .why a").click());
      const tables = page.locator("#why-cpu table");
      assert.equal(await tables.count(), 3);
      const cells = await tables.first().locator("tbody tr td:nth-child(5) data").evaluateAll((all) => all.map((e) => Number(e.value)));
      const sum = Number(await tables.first().locator("tfoot data").getAttribute("value"));
      assert.ok(cells.length >= 1);
      assert.ok(Math.abs(cells.reduce((a, b) => a + b, 0) - sum) < 1e-9 * sum);
      assert.equal(sum, Number(now));
      assert.match(await page.locator("#why").innerText(), /kube-state-metrics was observed for/);
      await follow(page, () => page.getByRole("link", { name: "Hide the explanation" }).click());
      assert.equal(await page.locator("#why").count(), 0);
    }));

  it("says what to set up where nothing is recorded", () =>
    visit("unrecorded", "/model/seldon/SeldonDeployment/iris", async (page) => {
      assert.match(await page.locator("#no-history").innerText(), /No history yet.*scrapes the exporter/s);
    }));

  it("says that it cannot ask, where there is no Prometheus", () =>
    visit("down", "/model/seldon/SeldonDeployment/iris", async (page) => {
      assert.match(await page.locator("main").innerText(), /connection refused/);
    }));

  it("of a hostile name has the name as text, and its own history", () =>
    visit("hostile", "/?sort=name", async (page) => {
      const links = await page.locator("#list .name a").evaluateAll((all) => all.map((a) => [a.textContent, a.href]));
      assert.ok(links.length >= hostile.length - 1); // a browser cannot ask for ".."
      for (const [name, href] of links) {
        await page.goto(href);
        assert.equal(await page.locator("#model").evaluate((e) => e.textContent), name);
        assert.equal(await page.locator("#no-history, #problem").count(), 0, name);
        assert.equal(await page.locator("#plot-cpu path.used").count(), 1, name);
        assert.equal(await page.locator("main script, main img, main [onerror], main [onload]").count(), 0, name);
      }
    }, { javaScriptEnabled: true }));

  for (const [path, status, want] of [
    [`${income}?range=1y`, 400, /range="1y"/],
    [`${income}?explain=maybe`, 400, /explain="maybe"/],
    ["/model/seldon/SeldonDeployment", 404, /no such page/],
  ]) {
    it(`answers ${path} with ${status}`, () =>
      visit("town", path, async (page) => {
        assert.match(await page.locator("main").innerText(), want);
      }, { status }));
  }
});

describe("the settings", () => {
  it("are all there, with where they come from", () =>
    visit("town", "/", async (page) => {
      await follow(page, () => page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Settings" }).click());
      const row = page.locator("tr", { hasText: "--time-period" }).first();
      assert.match(await row.innerText(), /10m/);
      assert.match(await row.innerText(), /flag/);
      const rows = csv((await fetched(page, page.locator("#csv"))).text);
      assert.ok(rows.length > 20);
    }));
});
