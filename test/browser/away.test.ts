import { expect } from "vitest";
import { test } from "./page";
import { project, startUi } from "./project";

// What the page shows while `pushpool ui` does not run, and after it runs again.

test("a run that ends while the server is down: the page reconnects, says that its key is old, and then shows the end", async ({
  newUser,
}) => {
  const at = project();
  const first = await startUi(at);
  const { page, expectError } = await newUser();
  await page.goto(first.url);
  await page.goto(`${first.origin}/deployments/etl/hold/new`);
  await page.getByTestId("submit").click();
  await page.getByTestId("log").getByText("it holds").waitFor();
  const runAddress = page.url();

  expectError(/net::ERR_|status of 401/);
  await first.stop();
  await page.getByTestId("reconnecting").waitFor();
  // What was read stays readable.
  expect(await page.getByTestId("log").innerText()).toContain("it holds");
  at.make("release");

  const second = await startUi(at, first.port);
  await page.getByTestId("locked").waitFor();
  await page.goto(second.url);
  await page.goto(runAddress);
  await page.locator(".run-head [data-state=COMPLETED]").waitFor();
  await page.getByTestId("log").getByText("it ends").waitFor();
});

test("a connection that breaks: the page says so, and is fresh again when it is back", async ({ newUser }) => {
  const at = project();
  const ui = await startUi(at);
  const { page, context, expectError } = await newUser();
  await page.goto(ui.url);
  await page.getByText("No runs yet").waitFor();
  expectError(/net::ERR_/);
  await context.setOffline(true);
  // A new request fails; a stream notices when the browser does.
  await page.getByRole("link", { name: "Deployments" }).click();
  await page.getByTestId("reconnecting").waitFor();
  at.make("release");
  expect(at.pushpool("run", "etl/hold", "--flow-run-name", "meanwhile").status).toBe(0);
  await context.setOffline(false);
  await page.getByTestId("reconnecting").waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Runs", exact: true }).click();
  await page.getByTestId("run-row").getByText("meanwhile").waitFor();
});
