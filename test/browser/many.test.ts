import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { listen } from "../e2e/pushpool";
import { test } from "./page";
import { project, STACK, startUi } from "./project";
import { type SeededDeployment, seedRuns } from "./seed.mts";

const DEPLOYMENTS: SeededDeployment[] = [
  { name: "etl/load", workPool: "local", poolType: "process:push", seconds: 90, weight: 3, tags: ["nightly"] },
  { name: "etl/hold", workPool: "local", poolType: "process:push", seconds: 20, failsEvery: 8 },
];

test("100,000 runs: the end of the list, its middle, filters and search, with few rows in the document", async ({ newUser }) => {
  const at = project();
  mkdirSync(at.home, { mode: 0o700 });
  const month = 30 * 86_400;
  const runs = await seedRuns(join(at.home, "ledger.db"), {
    count: 100_000,
    stack: STACK,
    deployments: DEPLOYMENTS,
    until: new Date(),
    span: month,
  });
  const ui = await startUi(at);
  const { page } = await newUser();
  await page.goto(ui.url);
  const rows = page.getByTestId("run-row");
  const shows = (n: number) => page.locator(`[data-run="${runs[n]?.id}"]`).waitFor();
  await shows(99_999);
  expect(await page.getByTestId("total").innerText()).toBe("100,000 runs");
  const list = page.getByTestId("run-list");
  expect(await list.getAttribute("aria-rowcount")).toBe("100000");

  const scroll = (to: number) => page.evaluate(`document.querySelector("[data-testid=run-list]").scrollTop = ${to}`);
  await scroll(30 * 50_000);
  await shows(99_999 - 50_005);
  await scroll(1e9);
  await shows(0);
  expect(await rows.count()).toBeLessThan(150);

  // The filters are in the address, so they survive a reload and can be shared.
  await page.getByRole("button", { name: /^Failed/ }).click();
  await expect.poll(() => page.url()).toContain("state=FAILED");
  const failed = runs.filter(({ state }) => state.type === "FAILED");
  await expect.poll(() => page.getByTestId("total").innerText()).toBe(`${failed.length.toLocaleString("en")} runs`);
  await page.getByLabel("Deployment").selectOption("etl/hold");
  const ofHold = failed.filter(({ deployment }) => deployment === "etl/hold");
  await expect.poll(() => page.getByTestId("total").innerText()).toBe(`${ofHold.length.toLocaleString("en")} runs`);
  await page.reload();
  await expect.poll(() => page.getByTestId("total").innerText()).toBe(`${ofHold.length.toLocaleString("en")} runs`);
  await page.getByTestId("clear-filters").click();
  await page.getByLabel("Search").fill(runs[4_321]?.name ?? "");
  await shows(4_321);
  await expect.poll(() => rows.count()).toBe(1);
});

test("100,000 log lines: to their end, a search, the first line again, and the download, with few lines in the document", async ({
  newUser,
}) => {
  const at = project();
  expect(await listen(at.start("run", "etl/flood", "--flow-run-name", "flood")).ended).toBe(0);
  const ui = await startUi(at);
  const { page } = await newUser();
  await page.goto(ui.url);
  await page.getByTestId("run-row").getByRole("link", { name: "flood", exact: true }).click();
  const log = page.getByTestId("log");
  await log.getByText("line 100000 of the flood").waitFor();
  expect(await page.getByTestId("log-count").innerText()).toBe("100,000 lines");
  expect(await log.locator(".log-line").count()).toBeLessThan(300);

  await page.getByLabel("Search the log").fill("line 4321 ");
  await log.getByText("line 4321 of the flood").waitFor();
  expect(await page.getByTestId("log-matches").innerText()).toBe("1 of 1");
  expect(await page.getByTestId("follow").getAttribute("aria-pressed")).toBe("false");
  await page.getByLabel("Search the log").fill("");
  await page.evaluate(`document.querySelector("[data-testid=log]").scrollTop = 0`);
  await log.getByText("line 1 of the flood").waitFor();
  await page.getByTestId("follow").click();
  await log.getByText("line 100000 of the flood").waitFor();

  const text = (await page.evaluate(`fetch(document.querySelector("a[download]").href).then((answer) => answer.text())`)) as string;
  expect(text.split("\n").length).toBe(100_001);
});
