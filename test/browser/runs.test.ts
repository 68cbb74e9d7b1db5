import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page, Route } from "playwright-core";
import { expect } from "vitest";
import { test } from "./page";
import { project, startUi } from "./project";

// A run from its form to its end, as a user sees it.

/** The state in the head of a run's page. */
const headState = (page: Page): Locator => page.locator(".run-head").getByTestId("state");

/** Wait until a run's page shows this state. */
const reaches = (page: Page, state: string) => page.locator(`.run-head [data-testid=state][data-state=${state}]`).waitFor();

test("deploy, a bad and a good parameter, watch the run start, log and end", async ({ newUser }) => {
  const at = project();
  const job = "work_pool: { name: local, job_variables: { command: node --version } }";
  writeFileSync(join(at.folder, "prefect.yaml"), `deployments:\n- name: deployed\n  flow_name: etl\n  ${job}\n`);
  expect(at.pushpool("deploy", "--all")).toMatchObject({ status: 0, stdout: expect.stringContaining("+ etl/deployed") });
  const ui = await startUi(at);
  const user = await newUser();
  const { page } = user;
  await page.goto(ui.url);
  expect(page.url()).toBe(`${ui.origin}/`);
  await page.getByText("No runs yet").waitFor();

  await page.getByRole("link", { name: "Deployments" }).click();
  await page.getByRole("link", { name: "New run of etl/deployed" }).waitFor();
  await page.getByRole("link", { name: "New run of etl/load" }).click();
  const form = page.getByTestId("new-run-form");
  await form.getByLabel("Site").fill("north");
  await form.getByLabel("Rows").fill("5000");
  user.expectError(/status of 422 .*\/api\/runs\b/);
  await page.getByTestId("submit").click();
  await page.getByTestId("problem/parameters/rows").getByText("must be <= 1000").waitFor();
  expect(await form.getByLabel("Rows").getAttribute("aria-invalid")).toBe("true");
  await form.getByLabel("Rows").fill("7");
  await form.getByLabel("Mode").selectOption("full");
  await page.getByTestId("submit").click();

  await reaches(page, "RUNNING");
  const log = page.getByTestId("log");
  await log.getByText("it holds").waitFor();
  expect(await log.innerText()).toContain('"site":"north","rows":7,"mode":"full"');
  at.make("release");
  await reaches(page, "COMPLETED");
  await log.getByText("it ends").waitFor();
  expect(await page.getByTestId("outcome").innerText()).toBe("exit code 0");
  expect(await headState(page).innerText()).toBe("Completed");
});

test("cancel asks once, and says cancelled only when the run has stopped; a second tab follows", async ({ newUser }) => {
  const at = project();
  const ui = await startUi(at);
  const { page, context } = await newUser();
  await page.goto(ui.url);
  const list = await context.newPage();
  await list.goto(ui.origin);
  await list.getByText("No runs yet").waitFor();

  await page.goto(`${ui.origin}/deployments/etl/stubborn/new`);
  await page.getByTestId("submit").click();
  await page.getByTestId("log").getByText("it runs").waitFor();
  const row = list.getByTestId("run-row");
  await row.locator("[data-state=RUNNING]").waitFor();

  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Keep it running" }).click();
  expect(await headState(page).innerText()).toBe("Running");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByTestId("confirm-cancel").click();
  await reaches(page, "CANCELLING");
  await page.getByTestId("cancelling").waitFor();
  await page.getByTestId("log").getByText("asked to stop").waitFor();
  await row.locator("[data-state=CANCELLING]").waitFor();
  expect(await headState(page).getAttribute("data-state")).toBe("CANCELLING");
  at.make("stop");
  await reaches(page, "CANCELLED");
  await row.locator("[data-state=CANCELLED]").waitFor();
  await page.getByTestId("tab-states").click();
  const states = page.getByTestId("states").locator("tbody [data-testid=state]");
  expect(await states.allInnerTexts()).toEqual(["Scheduled", "Submitting", "Infrastructure pending", "Running", "Cancelling", "Cancelled"]);
});

test("retry a failed run: the page shows its second attempt beside its first", async ({ newUser }) => {
  const at = project();
  const ui = await startUi(at);
  const { page } = await newUser();
  await page.goto(ui.url);
  await page.goto(`${ui.origin}/deployments/etl/failsOnce/new`);
  await page.getByTestId("submit").click();
  await reaches(page, "FAILED");
  expect(await page.getByTestId("outcome").innerText()).toBe("exit code 3");
  expect(await page.locator(".log-line.stderr").innerText()).toContain("cannot reach the database");
  at.make("fixed");
  await page.getByTestId("retry").click();
  await reaches(page, "COMPLETED");
  await page.locator(".log-line.stderr").getByText("now it works").waitFor();
  expect(await page.getByTestId("attempt-1").innerText()).toMatch(/Failed/);
  expect(await page.getByTestId("attempt-2").innerText()).toMatch(/Completed/);
});

test("run again starts from the parameters of the earlier run; the shown command starts the same run", async ({ newUser }) => {
  const at = project();
  at.make("release");
  const started = at.pushpool("run", "etl/load", "-p", "site=it's <b>", "-p", "rows=9", "--tag", "by-hand", "--json");
  expect(started.status).toBe(0);
  const ui = await startUi(at);
  const { page } = await newUser();
  await page.goto(ui.url);
  await page.getByTestId("run-row").getByRole("link").first().click();
  await page.getByTestId("run-again").click();
  expect(await page.getByLabel("Site").inputValue()).toBe("it's <b>");
  expect(await page.getByLabel("Rows").inputValue()).toBe("9");
  await page.getByLabel("Rows").fill("10");
  await page.getByTestId("submit").click();
  await reaches(page, "COMPLETED");
  await page.getByTestId("tab-parameters").click();
  await expect.poll(() => page.getByRole("tabpanel").innerText()).toMatch(/"rows": 10/);
});

/** Hold the next reply to a request that matches, as a slow connection does. @returns that it was read, and a function that lets it through */
async function holdReply(page: Page, url: RegExp): Promise<{ read: Promise<void>; release(): Promise<void> }> {
  const read = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const hold = async (route: Route) => {
    const response = await route.fetch();
    read.resolve();
    await released.promise;
    // The page may have given the request up.
    await route.fulfill({ response }).catch(() => {});
    done.resolve();
  };
  await page.route(url, hold, { times: 1 });
  return {
    read: read.promise,
    release: () => {
      released.resolve();
      return done.promise;
    },
  };
}

test("a reply that was read before a run ended and arrives afterwards does not bring its old state back", async ({ newUser }) => {
  const at = project();
  const ui = await startUi(at);
  const { page } = await newUser();
  await page.goto(ui.url);
  const late = await holdReply(page, /\/api\/runs\/[^/?]+$/);
  await page.goto(`${ui.origin}/deployments/etl/hold/new`);
  await page.getByTestId("submit").click();
  await late.read;
  await reaches(page, "RUNNING");
  at.make("release");
  await reaches(page, "COMPLETED");
  await late.release();
  await page.getByTestId("tab-states").click();
  await page.getByTestId("states").locator("tbody [data-testid=state]").getByText("Completed").waitFor();
  expect(await headState(page).innerText()).toBe("Completed");
});

test("a list that was read before a run ended and arrives afterwards does not bring its old state back", async ({ newUser }) => {
  const at = project();
  const ui = await startUi(at);
  const { page } = await newUser();
  await page.goto(ui.url);
  await page.goto(`${ui.origin}/?${["SCHEDULED", "PENDING", "RUNNING", "COMPLETED"].map((state) => `state=${state}`).join("&")}`);
  await page.getByText("No run matches").waitFor();
  const late = await holdReply(page, /\/api\/runs\?/);
  at.pushpool("run", "etl/hold", "--detach");
  const row = page.getByTestId("run-row");
  await late.read;
  await row.locator("[data-state=RUNNING]").waitFor();
  at.make("release");
  await row.locator("[data-state=COMPLETED]").waitFor();
  await late.release();
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  expect(await row.getByTestId("state").innerText()).toBe("Completed");
});
