import { expect, test } from "vitest";
import { until } from "../../../until";
import { ask, azure, groupCalls, groupOf } from "./azure";

// What can be read of a container's output.

async function over(script: string) {
  const fake = await azure();
  const calls = groupCalls(fake, "one");
  await calls.put(groupOf(script));
  await until(() => fake.world.group("one").containers[0]?.current?.state === "Terminated");
  const content = async (query = "") => String((await calls.logs(query)).body?.content);
  return { fake, calls, content };
}

test("the last lines, with their times", async () => {
  const { content } = await over("echo one; echo two; echo three");
  expect(await content()).toBe("one\ntwo\nthree\n");
  expect(await content("&tail=2")).toBe("two\nthree\n");
  expect(await content("&tail=1&timestamps=true")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z three\n$/);
});

test("16 KB or 1000 lines, once it has ended", async () => {
  const long = await (
    await over("i=0; while [ $i -lt 400 ]; do echo $i-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; i=$((i+1)); done")
  ).content();
  expect(long.length).toBeLessThanOrEqual(16 * 1024);
  expect(long.length).toBeGreaterThan(16 * 1024 - 100);
  expect(long.endsWith("399-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n")).toBe(true);
  const many = await (await over("i=0; while [ $i -lt 1500 ]; do echo $i; i=$((i+1)); done")).content();
  expect(many.split("\n")).toHaveLength(1001);
  expect(many.startsWith("500\n")).toBe(true);
});

test("all of it while it runs, and none before it ran", async () => {
  const fake = await azure({ start: 1_500 });
  const calls = groupCalls(fake, "one");
  await calls.put(groupOf("i=0; while [ $i -lt 1500 ]; do echo $i; i=$((i+1)); done; sleep 600"));
  expect(await calls.logs()).toMatchObject({ status: 404, body: { error: { code: "ContainerLogNotAvailable" } } });
  await until(async () => String((await calls.logs()).body?.content).split("\n").length === 1501);
  expect(await calls.logs("", "other")).toMatchObject({ status: 404 });
});

/** A workspace, two groups that write to it, and a way to ask it. */
async function overWorkspace(logDelay: number) {
  const fake = await azure({ logDelay });
  const workspace = `${fake.scope}/providers/Microsoft.OperationalInsights/workspaces/logs`;
  await ask(fake, "PUT", `${workspace}?api-version=2023-09-01`, { location: "westeurope" });
  const { properties } = (await ask(fake, "GET", `${workspace}?api-version=2023-09-01`)).body as { properties: { customerId: string } };
  const { primarySharedKey } = (await ask(fake, "POST", `${workspace}/sharedKeys?api-version=2020-08-01`)).body as {
    primarySharedKey: string;
  };
  const { customerId } = properties;
  const logAnalytics = { workspaceId: customerId, workspaceKey: primarySharedKey };
  for (const name of ["one", "two"]) {
    const reply = await groupCalls(fake, name).put(groupOf(`echo ${name} says hello; echo two`, { diagnostics: { logAnalytics } }));
    expect(reply.status).toBe(201);
    expect(JSON.stringify(reply.body)).not.toContain(primarySharedKey);
  }
  const token = fake.ownerToken("https://api.loganalytics.io");
  const query = (text: string, by = token) => ask(fake, "POST", `/v1/workspaces/${customerId}/query`, { query: text }, by);
  return { fake, query };
}

const LINES_OF_ONE =
  'ContainerInstanceLog_CL | where ContainerGroup_s == "one" and Message != "two" | order by TimeGenerated asc | project Message';

test("a workspace gets every line", async () => {
  const { fake, query } = await overWorkspace(1);
  // Until a row is there, the workspace does not know the table: the reply has no rows.
  const rows = async (text: string) =>
    ((await query(text)).body as { tables?: { rows: string[][] }[] }).tables?.[0]?.rows.flat().sort() ?? [];
  const both = "ContainerInstanceLog_CL | where ContainerGroup_s in ('one', \"two\") and TimeGenerated > ago(1h) | project Message";
  // Each group writes its lines in its own time.
  await until(async () => (await rows(both)).length === 4);
  expect((await query(LINES_OF_ONE)).body).toEqual({
    tables: [{ name: "PrimaryResult", columns: [{ name: "Message", type: "string" }], rows: [["one says hello"]] }],
  });
  expect(await rows("ContainerInstanceLog_CL | where Message contains 'HELLO' | take 1 | project ContainerName_s")).toEqual(["flow"]);
  expect((await query("ContainerInstanceLog_CL | where Colour == 'red'")).status).toBe(400);
  expect((await query(LINES_OF_ONE, fake.ownerToken())).status).toBe(401);
});

test("a line is readable only some time after it was written", async () => {
  const { fake, query } = await overWorkspace(3_600_000);
  await until(() => ["one", "two"].every((name) => fake.world.group(name).containers[0]?.current?.state === "Terminated"));
  expect(await query(LINES_OF_ONE)).toMatchObject({ status: 400, body: { error: { code: "BadArgumentError" } } });
});
