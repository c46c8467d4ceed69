// The first page: the models, and what they use.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { csv, fetched, follow, hostile, texts, useBrowser, visit } from "./harness.js";

useBrowser();

const town = ["embedder", "income", "iris", "ocr", "resnet", "scorer", "sentiment", "wine"];

const names = (page) => texts(page.locator("#list tbody .name"));

// values returns the exact numbers of a column, by its label.
const values = (page, label) =>
  page.locator(`#list td[data-label="${label}"]`).evaluateAll((cells) => cells.map((c) => Number(c.querySelector("data.value").value)));

const sorted = (numbers, sign) => [...numbers].sort((a, b) => sign * (a - b));

describe("the models", () => {
  it("are all there, each with a link to its page", () =>
    visit("town", "/", async (page) => {
      assert.deepEqual((await names(page)).sort(), town);
      assert.equal(await page.locator("#total .value").first().textContent(), "8");
      assert.match(await page.locator("#state").innerText(), /kube-state-metrics 100 %/);
      for (const column of ["CPU", "Memory", "Containers"]) {
        const found = await values(page, column);
        assert.equal(found.length, 8, column);
        assert.ok(found.every((v) => v > 0), `${column}: ${found}`);
      }
      assert.equal(await page.locator("#list .name a[href]").count(), 8);
    }));

  it("are sorted by a click on a heading, the other way round by a second one", () =>
    visit("town", "/", async (page) => {
      const heading = page.getByRole("columnheader", { name: "CPU" });
      await follow(page, () => heading.getByRole("link").click());
      assert.equal(await heading.getAttribute("aria-sort"), "descending");
      const down = await values(page, "CPU");
      assert.deepEqual(down, sorted(down, -1));
      await follow(page, () => heading.getByRole("link").click());
      assert.equal(await heading.getAttribute("aria-sort"), "ascending");
      const up = await values(page, "CPU");
      assert.deepEqual(up, sorted(up, 1));
      await follow(page, () => page.getByRole("columnheader", { name: "Model" }).getByRole("link").click());
      assert.deepEqual(await names(page), town);
    }));

  it("are filtered by text, namespace and type, and shown again", () =>
    visit("town", "/", async (page) => {
      await page.getByLabel("Text").fill("RES");
      await follow(page, () => page.getByRole("button", { name: "Show" }).click());
      assert.deepEqual(await names(page), ["resnet"]);
      assert.equal(await page.getByLabel("Text").inputValue(), "RES");
      await follow(page, () => page.locator("#reset").click());
      assert.equal((await names(page)).length, 8);
      await page.locator("select[name=namespace]").selectOption("seldon");
      await page.locator("select[name=type]").selectOption("SeldonDeployment");
      await follow(page, () => page.getByRole("button", { name: "Show" }).click());
      assert.deepEqual((await names(page)).sort(), ["income", "iris", "wine"]);
      assert.match(await page.locator("#total").innerText(), /3 of 8/);
      await page.getByLabel("Text").fill("nothing of the kind");
      await follow(page, () => page.getByLabel("Text").press("Enter"));
      assert.match(await page.locator("#no-match").innerText(), /None of the 8 models/);
    }));

  it("are added up by namespace", () =>
    visit("town", "/?sort=namespace", async (page) => {
      const sums = {};
      const of = await texts(page.locator("#list tbody .namespace"));
      (await values(page, "Memory")).forEach((v, i) => (sums[of[i]] = (sums[of[i]] ?? 0) + v));
      await follow(page, () => page.getByRole("link", { name: "Namespaces", exact: true }).click());
      const found = await values(page, "Memory");
      const namespaces = await names(page);
      assert.deepEqual([...namespaces].sort(), ["fraud", "seldon", "vision"]);
      namespaces.forEach((n, i) => assert.ok(Math.abs(found[i] - sums[n]) < 1e-6 * sums[n], `${n}: ${found[i]}, want ${sums[n]}`));
      await follow(page, () => page.getByRole("link", { name: "vision" }).click());
      assert.deepEqual((await names(page)).sort(), ["ocr", "resnet"]);
    }));

  it("can be reached, sorted and filtered by keyboard alone", () =>
    visit("town", "/", async (page) => {
      await page.keyboard.press("Tab");
      assert.equal(await page.locator(":focus").innerText(), "Skip to the content");
      const outline = await page.locator(":focus").evaluate((e) => getComputedStyle(e).outlineStyle);
      assert.notEqual(outline, "none");
      const tabTo = async (locator) => {
        for (let i = 0; i < 40; i++) {
          if (await locator.evaluate((e) => e === document.activeElement)) return;
          await page.keyboard.press("Tab");
        }
        assert.fail(`40 presses of Tab do not lead to ${locator}`);
      };
      await tabTo(page.getByLabel("Text"));
      await page.keyboard.type("iris");
      await follow(page, () => page.keyboard.press("Enter"));
      assert.deepEqual(await names(page), ["iris"]);
      await tabTo(page.getByRole("columnheader", { name: "Memory" }).getByRole("link"));
      await follow(page, () => page.keyboard.press("Enter"));
      assert.match(page.url(), /q=iris/);
      await tabTo(page.locator("#list .name a"));
    }));

  it("of a large cluster come fifty at a time", () =>
    visit("large", "/?sort=name", async (page) => {
      assert.match(await page.locator("#range").innerText(), /1–50 of 10000/);
      assert.equal((await names(page)).length, 50);
      await follow(page, () => page.getByRole("link", { name: "Next" }).click());
      assert.equal((await names(page))[0], "model-00050");
      await follow(page, () => page.getByRole("link", { name: "Previous" }).click());
      assert.equal((await names(page))[0], "model-00000");
      await page.goto("/?sort=name&page=200");
      assert.equal((await names(page)).at(-1), "model-09999");
      assert.equal(await page.getByRole("link", { name: "Next" }).count(), 0);
      await page.getByLabel("Text").fill("model-0999");
      await follow(page, () => page.getByLabel("Text").press("Enter"));
      assert.equal((await names(page)).length, 10);
    }));

  it("are to be had as CSV and JSON, all of what the filter selects", () =>
    visit("large", "/?namespace=team-07&sort=-cpu", async (page) => {
      const shown = await names(page);
      const table = await fetched(page, page.locator("#csv"));
      assert.match(table.type, /^text\/csv/);
      const rows = csv(table.text);
      assert.equal(rows.length, 500);
      assert.deepEqual(rows.slice(0, 50).map((r) => r.name), shown);
      assert.ok(rows.every((r) => r.namespace === "team-07" && Number(r.model_memory_usage_bytes) > 0));
      const document = await fetched(page, page.locator("#json"));
      assert.match(document.type, /^application\/json/);
      const { models } = JSON.parse(document.text);
      assert.deepEqual(models.map((m) => m.name), rows.map((r) => r.name));
      models.forEach((m, i) => assert.equal(m.model_cpu_usage_seconds_total, Number(rows[i].model_cpu_usage_seconds_total)));
    }));
});

describe("hostile names", () => {
  it("are text", () =>
    visit("hostile", "/", async (page) => {
      const found = (await names(page)).filter((n) => n !== "in-a-hostile-namespace");
      assert.deepEqual(found.sort(), [...hostile].sort());
      assert.equal(await page.locator("main script, main img, main svg[onload], main [onerror]").count(), 0);
      const namespaces = await texts(page.locator("#list tbody .namespace"));
      assert.ok(namespaces.includes('<img src=x onerror="alert(1)">'));
    }, { javaScriptEnabled: true }));

  it("are found by the filter, and are the same in CSV and JSON", () =>
    visit("hostile", "/", async (page) => {
      for (const name of hostile.filter((n) => n.trim() === n && n.length < 253 && !n.includes("\n"))) {
        await page.getByLabel("Text").fill(name);
        await follow(page, () => page.getByRole("button", { name: "Show" }).click());
        assert.ok((await names(page)).includes(name), name);
      }
      await page.goto("/");
      const { models } = JSON.parse((await fetched(page, page.locator("#json"))).text);
      assert.deepEqual(models.map((m) => m.name).filter((n) => n !== "in-a-hostile-namespace").sort(), [...hostile].sort());
      // A spreadsheet would take these for formulas.
      const inert = (name) => (/^[=+\-@\t\r]/.test(name) ? "'" + name : name);
      const rows = csv((await fetched(page, page.locator("#csv"))).text);
      assert.deepEqual(rows.map((r) => r.name).filter((n) => n !== "in-a-hostile-namespace").sort(), hostile.map(inert).sort());
    }));
});

describe("where there is nothing to show, the page says why", () => {
  it("without models", () =>
    visit("empty", "/", async (page) => {
      assert.match(await page.locator("#no-models").innerText(), /metric-labels-allowlist/);
    }));
  it("without a Prometheus", () =>
    visit("down", "/", async (page) => {
      assert.match(await page.locator("#error").innerText(), /last attempt failed.*connection refused/s);
      assert.match(await page.locator("#no-window").innerText(), /tries again by itself/);
    }));
});

describe("a parameter that cannot be used is named, with its value and what is allowed", () => {
  for (const [path, want] of [
    ["/?sort=size", /sort="size".*choose name/s],
    ["/?page=0", /page="0".*1 or more/s],
    ["/?page=2", /page="2".*choose 1 to 1/s],
    ["/?by=pod", /by="pod".*choose namespace/s],
    ["/?colour=red", /colour="red".*this page takes/s],
    ["/?q=%3Cscript%3Ealert(1)%3C/script%3E&q=x", /q="x".*more than once/s],
    [`/?q=${"x".repeat(300)}`, /q=.*too long/s],
  ]) {
    it(path.slice(0, 40), () =>
      visit("town", path, async (page) => {
        assert.match(await page.locator("main").innerText(), want);
      }, { status: 400 }));
  }
});

describe("the models of several upstreams", () => {
  it("have their cluster, and the state of each upstream is there", () =>
    visit("several", "/", async (page) => {
      assert.deepEqual([...new Set(await texts(page.locator("#list tbody .cluster")))], ["eu"]);
      assert.equal(await page.locator("ul[id^=state-]").count(), 5);
      assert.equal(await page.locator("#state-us").isVisible(), false);
      await page.locator("#upstreams summary").click();
      assert.match(await page.locator("#state-us").innerText(), /us[^]*none yet/);
      assert.match(await page.locator("#state-eu").innerText(), /Observed/);
      assert.equal(await page.locator("[id^=error-]").count(), 4);
      await follow(page, () => page.getByRole("link", { name: "iris" }).click());
      assert.equal(new URL(page.url()).search, "?cluster=eu");
      assert.equal(await page.locator("ul[id^=state]").count(), 1);
    }));

  it("have checks of each", () =>
    visit("several", "/doctor", async (page) => {
      await follow(page, () => page.locator("#upstreams").getByRole("link", { name: "africa" }).click());
      assert.match(await page.locator("#summary").innerText(), /127\.0\.0\.1:1\/4/);
    }));
});
