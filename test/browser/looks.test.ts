import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { violations } from "./axe";
import { test } from "./page";
import { type Project, project, STACK, startUi, type Ui } from "./project";
import { type SeededDeployment, seedRuns } from "./seed.mts";

// Every page in both themes, on a phone, and by keyboard alone.

/** A project with runs of all ends, one of them with a log, and its page. */
async function busy(): Promise<{ at: Project; ui: Ui; runId: string }> {
  const at = project();
  mkdirSync(at.home, { mode: 0o700 });
  const deployments: SeededDeployment[] = [
    { name: "etl/load", workPool: "local", poolType: "process:push", seconds: 90, failsEvery: 4, tags: ["nightly"] },
    { name: "etl/hold", workPool: "local", poolType: "process:push", seconds: 20, failsEvery: 4 },
  ];
  await seedRuns(join(at.home, "ledger.db"), { count: 60, stack: STACK, deployments, until: new Date(), span: 80_000 });
  at.pushpool("run", "etl/failsOnce", "-p", "name=Ada", "--flow-run-name", "failed");
  const { runs } = JSON.parse(at.pushpool("ls", "--json", "--limit", "1").stdout) as { runs: [{ id: string }] };
  return { at, ui: await startUi(at), runId: runs[0].id };
}

/** What a theme can break. */
const COLOURS = ["color-contrast", "link-in-text-block"];

/** Each page, and what it shows once it is complete. */
const PAGES: readonly [name: string, path: (runId: string) => string, shown: string][] = [
  ["the runs", () => "/", "[data-testid=run-row]"],
  ["no run matches", () => "/?text=nothing-has-this-name", "[data-testid=clear-filters]"],
  ["a run", (id) => `/runs/${id}`, ".log-line"],
  ["its states", (id) => `/runs/${id}?tab=states`, "[data-testid=states]"],
  ["its parameters", (id) => `/runs/${id}?tab=parameters`, "[role=tabpanel] h2"],
  ["its job configuration", (id) => `/runs/${id}?tab=configuration`, "[role=tabpanel] pre"],
  ["its requests", (id) => `/runs/${id}?tab=requests`, "[role=tabpanel] *"],
  ["no such run", () => "/runs/01999999-0000-7000-8000-000000000000", ".empty"],
  ["the deployments", () => "/deployments", "[data-testid=deployment-row]"],
  ["a deployment", () => "/deployments/etl/load", "h1"],
  ["a new run", () => "/deployments/etl/load/new", "[data-testid=submit]"],
  ["the pools", () => "/pools", "[data-testid=pool]"],
];

const open = async (page: Page, ui: Ui, path: string, shown: string) => {
  await page.goto(`${ui.origin}${path}`);
  await page.locator(shown).first().waitFor();
};

test("WCAG AA on every page, in light and in dark", async ({ newUser }) => {
  const { ui, runId } = await busy();
  for (const colorScheme of ["light", "dark"] as const) {
    const { page, expectError } = await newUser({ colorScheme });
    expectError(/status of 404/);
    await page.goto(ui.url);
    const found: string[] = [];
    const check = async (name: string) => {
      for (const violation of await violations(page, colorScheme === "dark" ? COLOURS : undefined)) found.push(`${name}: ${violation}`);
    };
    for (const [name, path, shown] of PAGES) {
      await open(page, ui, path(runId), shown);
      await check(name);
    }
    // What opens over a page.
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await check("the shortcuts");
    expect(found, colorScheme).toEqual([]);
  }
});

test("360 px: no page is wider than the screen", async ({ newUser }) => {
  const { ui, runId } = await busy();
  const { page, expectError } = await newUser({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  expectError(/status of 404/);
  await page.goto(ui.url);
  for (const [name, path, shown] of PAGES) {
    await open(page, ui, path(runId), shown);
    const widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]";
    expect([name, await page.evaluate(widths)]).toEqual([name, [360, 360]]);
  }
});

test("what is typed while a search starts is not lost; another way to change the search changes the box", async ({ newUser }) => {
  const { ui } = await busy();
  const { page } = await newUser();
  await page.addInitScript(`
    const { replaceState } = history;
    history.replaceState = (...given) => {
      replaceState.apply(history, given);
      const box = document.activeElement;
      if (box.value !== "fail") return;
      box.value = "faile";
      box.dispatchEvent(new Event("input", { bubbles: true }));
    };`);
  await page.goto(ui.url);
  await page.getByTestId("run-row").first().waitFor();
  const box = page.getByLabel("Search");
  await box.pressSequentially("fail");
  await page.waitForURL(/text=faile$/);
  expect(await box.inputValue()).toBe("faile");
  await page.getByTestId("clear-filters").click();
  await page.waitForURL((url) => url.search === "");
  await expect.poll(() => box.inputValue()).toBe("");
});

test("by keyboard alone: find a run, read it, start a new one, cancel it", async ({ newUser }) => {
  const { at, ui } = await busy();
  const { page } = await newUser();
  await page.goto(ui.url);
  await page.getByTestId("run-row").first().waitFor();
  const focused = () => page.evaluate("document.activeElement?.textContent || document.activeElement?.getAttribute('aria-label')");

  await page.keyboard.press("Tab");
  expect(await focused()).toBe("Skip to the content");
  await page.keyboard.press("/");
  expect(await focused()).toBe("Search");
  await page.keyboard.type("failed");
  await expect.poll(() => page.getByTestId("run-row").count()).toBe(1);
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.locator(".run-head [data-state=FAILED]").waitFor();
  await page.locator("[role=tab][aria-selected=true]").focus();
  await page.keyboard.press("ArrowRight");
  await page.getByTestId("states").waitFor();

  await page.keyboard.press("2");
  await page.getByTestId("deployment-row").first().waitFor();
  await page.getByRole("link", { name: "New run of etl/stubborn" }).focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Tags").focus();
  await page.keyboard.press("Control+Enter");
  await page.getByTestId("log").getByText("it runs").waitFor();
  at.make("stop");
  await page.getByTestId("cancel").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  // The dialog holds the focus, and its first choice changes nothing.
  expect(await focused()).toBe("Keep it running");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator(".run-head [data-state=CANCELLED]").waitFor();
});
