// The browser, and pages that are watched for what no page may do.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before } from "node:test";
import { chromium } from "playwright-core";

// clusters has the URL of the exporter over each simulated cluster.
export const clusters = JSON.parse(process.env.CLUSTERS);

// hostile has the names of the models of the cluster "hostile".
export const hostile = JSON.parse(process.env.HOSTILE);

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;

// useBrowser starts a browser before a file's tests, and ends it after them.
export function useBrowser() {
  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());
}

export function launch() {
  const env = { ...process.env };
  for (const variable of JSON.parse(process.env.CHROMIUM_ENV ?? "null") ?? []) {
    const [name, ...value] = variable.split("=");
    env[name] = value.join("=");
  }
  return chromium.launch({
    executablePath: process.env.CHROMIUM,
    env,
    // Chromium's sandbox refuses to work for root.
    chromiumSandbox: process.getuid() !== 0,
    args: [
      "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--font-render-hinting=none",
    ],
  });
}

// visit opens a page of a cluster's exporter, hands it to what looks at it, and fails if the
// page wrote errors to the console or asked for anything of another host. Pages need no script,
// so none of theirs may run.
export async function visit(cluster, path, look, { status = 200, ...options } = {}) {
  const base = clusters[cluster];
  const context = await browser.newContext({ baseURL: base, javaScriptEnabled: false, viewport: { width: 1440, height: 900 }, ...options });
  const wrong = [];
  try {
    const page = await context.newPage();
    page.on("console", (message) => {
      // That the page itself has a status of 4xx is logged by the browser.
      const about = message.location().url;
      if (["error", "warning"].includes(message.type()) && !(status >= 400 && about === page.url())) {
        wrong.push(`console: ${message.text()} (${about})`);
      }
    });
    page.on("pageerror", (error) => wrong.push(`script: ${error}`));
    page.on("dialog", (dialog) => {
      wrong.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== base && !request.url().startsWith("data:")) wrong.push(`request: ${request.url()}`);
    });
    page.on("requestfailed", (request) => {
      if (!request.failure()?.errorText.includes("ERR_ABORTED")) wrong.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
    });
    page.setDefaultTimeout(60_000);
    const response = await page.goto(path);
    assert.equal(response.status(), status, `${path}: the status`);
    await inTime(look(page, response));
  } finally {
    await context.close();
  }
  assert.deepEqual(wrong, [], `${cluster} ${path}: what the browser complained about`);
}

// inTime fails where a browser that hangs would have a test wait for ever.
function inTime(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("no end after five minutes")), 300_000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// accessible fails if axe finds anything against the page, which has to be visited with
// scripts: axe is one.
export async function accessible(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
  const found = violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${v.help}: ${n.target.join(" ")}\n${n.failureSummary}`));
  if (found.length > 0) assert.fail(`axe, ${found.length} violations:\n${found.slice(0, 5).join("\n")}`);
}

// fits fails if the page is wider than the window.
export async function fits(page, width) {
  await page.setViewportSize({ width, height: 900 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= width, `the page is ${wide} pixels wide in a window of ${width}`);
}

// follow does what leads to another page, and waits until that is there.
export async function follow(page, action) {
  await Promise.all([page.waitForEvent("load"), action()]);
}

// fetched returns the answer behind a link of the page.
export async function fetched(page, link) {
  const response = await page.context().request.get(new URL(await link.getAttribute("href"), page.url()).href);
  return { status: response.status(), type: response.headers()["content-type"], text: await response.text() };
}

// csv parses what a page offers as CSV.
export function csv(text) {
  const rows = [[""]];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const row = rows.at(-1);
    if (quoted && text[i] === '"' && text[i + 1] === '"') row[row.length - 1] += text[i++];
    else if (text[i] === '"') quoted = !quoted;
    else if (quoted || !",\n".includes(text[i])) row[row.length - 1] += text[i];
    else if (text[i] === ",") row.push("");
    else rows.push([""]);
  }
  if (rows.at(-1).length === 1 && rows.at(-1)[0] === "") rows.pop();
  const [head, ...body] = rows;
  return body.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i]])));
}

// texts returns the texts of elements as they are in the document, hidden characters included.
export async function texts(locator) {
  return locator.evaluateAll((all) => all.map((e) => e.textContent));
}
