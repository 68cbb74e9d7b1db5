import { expect } from "vitest";
import { describePrefect } from "../prefect/python";
import { through } from "../prefect/served";
import { sharedServer } from "../prefect/server";
import { aPool, clientOf } from "../serve/server/dispatcher";
import { test } from "./page";
import { startUi } from "./project";

describePrefect("the run page of a stack with a real Prefect server", () => {
  test("a new run of the server's deployment goes to the server, starts here, and links to Prefect's own page", async ({ newUser }) => {
    const { apiUrl } = await sharedServer();
    const client = clientOf(apiUrl);
    const { pool, deploymentId } = await aPool(client);
    const { body } = await client.request<{ name: string }>("GET", `/deployments/${deploymentId}`);
    const deployment = `flow-${pool}/${body.name}`;
    const ui = await startUi(through(apiUrl));
    const { page } = await newUser();
    await page.goto(ui.url);
    await page.goto(`${ui.origin}/deployments/${deployment}/new`);
    await page.getByTestId("job-variables").click();
    await page.getByTestId("json/jobVariables").click();
    await page.getByTestId("editor/jobVariables").fill('{"env": {"DO": "complete"}}');
    await page.getByTestId("submit").click();
    await page.locator(".run-head [data-state=COMPLETED]").waitFor();
    const id = new URL(page.url()).pathname.split("/").at(-1);
    const { body: run } = await client.request<{ state: { type: string } }>("GET", `/flow_runs/${id}`);
    expect(run.state.type).toBe("COMPLETED");
    expect(await page.getByRole("link", { name: "Open in Prefect" }).getAttribute("href")).toMatch(new RegExp(`/runs/flow-run/${id}$`));
    await page.getByTestId("log").getByText(`running ${id}`).waitFor();
  });
});
