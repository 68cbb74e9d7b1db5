import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { readBlockByName } from "../../src/prefect/api/blocks";
import { readDeploymentByName } from "../../src/prefect/api/deployments";
import { readWorkPool } from "../../src/prefect/api/workPools";
import { connectionOf } from "../../src/prefect/apiConnection";
import { type Client, createClient } from "../../src/prefect/client";
import { describePrefect } from "../prefect/python";
import { sharedServer } from "../prefect/server";
import { masked, pythonStack, stackOf } from "./otherLanguages";

// Programs in Python with resources on a real Prefect server, by the offline engine.

const root = join(__dirname, "..", "..");
const [, documented = ""] =
  /tested: test\/plugin\/prefectPrograms.test.ts -->\n\n```python\n([\s\S]*?)```/.exec(
    readFileSync(join(root, "docs", "languages.md"), "utf8"),
  ) ?? [];
const SECRET = "hunter2-very-secret";

describePrefect("programs in Python with resources on a real Prefect server", () => {
  let client: Client;
  let apiUrl: string;
  beforeAll(async () => {
    ({ apiUrl } = await sharedServer());
    client = createClient(connectionOf(apiUrl, undefined, "test"));
  }, 600_000);

  test("each resource by itself: up, the same again, a change, destroy", async () => {
    const id = randomUUID().slice(0, 8);
    const program = `import pulumi
import pulumi_pushpool as pushpool

config = pulumi.Config()
prefect = pushpool.Provider("prefect", api_url="${apiUrl}", auth_string=config.require_secret("token"))
opts = pulumi.ResourceOptions(provider=prefect)
pool = pushpool.PrefectWorkPool(
    "pool-${id}", opts, type="process:push", concurrency_limit=int(config.require("limit")),
    queues={"urgent": pushpool.PrefectWorkQueueArgs(priority=1)},
)
block = pushpool.PrefectBlock("token-${id}", opts, block_type_slug="secret", data={"value": config.require_secret("token")})
nightly = pushpool.PrefectDeployment(
    "etl-${id}/prod", opts, work_pool_name=pool.work_pool_name, work_pool_id=pool.work_pool_id,
    job_variables={"env": {"TOKEN": config.require_secret("token"), "BLOCK": block.block_document_id}},
)
pushpool.PrefectAutomation(
    "after-${id}", opts, trigger={"expect": ["orders.loaded"]},
    actions=[{"type": "run-deployment", "deployment_id": nightly.deployment_id}],
)
pulumi.export("api", prefect.api_url)
pulumi.export("pool", pool.work_pool_id)
pulumi.export("deployment", nightly.deployment_id)
`;
    const config = { "each:token": SECRET, "each:limit": "2" };
    const { stack, heard } = await pythonStack({ project: "each", files: { "__main__.py": program }, config });
    const preview = await stack.preview();
    expect(preview.steps.filter(({ urn, op }) => op === "create" && urn.includes("pushpool:index")).length).toBe(4);
    const made = await stack.up();
    const pool = await readWorkPool(client, `pool-${id}`);
    expect(made.outputs).toMatchObject({ api: apiUrl, pool: pool?.id, deployment: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect((await readBlockByName(client, "secret", `token-${id}`, { secrets: true }))?.data).toEqual({ value: SECRET });
    expect((await stack.up()).unchanged).toBe(true);
    await stack.refresh();
    expect((await stack.up()).unchanged).toBe(true);
    config["each:limit"] = "5";
    const changed = await stack.up();
    expect(changed.steps.filter(({ op }) => op !== "same").map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`)).toEqual([
      `update pool-${id}`,
    ]);
    expect((await readWorkPool(client, `pool-${id}`))?.concurrency_limit).toBe(5);
    expect(JSON.stringify([heard, stack.exportState()])).not.toContain(SECRET);
    await stack.destroy();
    expect(await readWorkPool(client, `pool-${id}`)).toBeUndefined();
  });

  test("PrefectRegistration makes what prefect.register() makes, and the same manifest", async () => {
    const id = randomUUID().slice(0, 8);
    const python = `import pulumi
import pulumi_pushpool as pushpool

token = pulumi.Config().require_secret("token")
pool = pushpool.ProcessPushPool("pool-${id}", concurrency_limit=4, job_variables={"env": {"TOKEN": token}})
hello = pushpool.Deployment("hello-${id}/prod", work_pool_name=pool.work_pool_name, command="node hello.mjs", parameters={"name": "Ada"})
blocks = {"secret/token-${id}": {"data": {"value": token}}}
${documented.replace(/api_url="[^"]*"/, `api_url="${apiUrl}", auth_string=token`).replaceAll("[hello.definition]", "[hello.definition], blocks=blocks")}
pulumi.export("ids", registration.deployment_ids)
pulumi.export("pushPools", manifest.json)
`;
    const javascript = `const pulumi = require("@pulumi/pulumi");
const { Deployment, manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");
const prefect = require("pushpool/prefect");
const token = new pulumi.Config().requireSecret("token");
const connection = new prefect.Connection("prefect", { apiUrl: "${apiUrl}", authString: token });
const pool = new ProcessPushPool("pool-${id}", { concurrencyLimit: 4, jobVariables: { env: { TOKEN: token } } });
const hello = new Deployment("hello-${id}/prod", { workPoolName: pool.workPoolName, command: "node hello.mjs", parameters: { name: "Ada" } });
const blocks = { "secret/token-${id}": { data: { value: token } } };
const registration = prefect.register(connection, { pools: [pool], deployments: [hello], blocks });
exports.pushPools = manifest({ pools: [pool], deployments: [hello], blocks, prefect: registration });
`;
    const config = { "registered:token": SECRET };
    const { stack: one } = stackOf({
      project: "registered",
      files: {
        "Pulumi.yaml": "name: registered\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n",
        "index.js": javascript,
      },
      config,
    });
    const there = async () => {
      const pool = (await readWorkPool(client, `pool-${id}`)) as unknown as JsonObject;
      const deployment = await readDeploymentByName(client, `hello-${id}/prod`);
      return withoutIds({ pool, deployment } as unknown as JsonObject);
    };
    await one.up();
    const expected = [withoutIds((await one.outputs()).pushPools as JsonObject), await there()];
    await one.destroy();

    const { stack, heard } = await pythonStack({ project: "registered", files: { "__main__.py": python }, config });
    const declared = (steps: readonly { op: string; urn: string }[]) =>
      steps.flatMap(({ op, urn }) => (op === "create" && urn.includes("$pushpool:index:Prefect") ? [urn.split("$").at(-1)] : [])).sort();
    const all = [
      `pushpool:index:PrefectBlock::secret/token-${id}`,
      `pushpool:index:PrefectDeployment::hello-${id}/prod`,
      `pushpool:index:PrefectWorkPool::pool-${id}`,
    ];
    expect(declared((await stack.preview()).steps)).toEqual(all);
    expect(declared((await stack.up()).steps)).toEqual(all);
    const outputs = await stack.outputs({ secrets: true });
    expect([withoutIds(masked(outputs.pushPools)), await there()]).toEqual(expected);
    expect(outputs.ids).toEqual({ [`hello-${id}/prod`]: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect((await stack.up()).unchanged).toBe(true);
    expect(JSON.stringify([heard, stack.exportState()])).not.toContain(SECRET);
    await stack.destroy();
    expect(await readWorkPool(client, `pool-${id}`)).toBeUndefined();
  });
});

/** The same tree with all ids and times alike. */
function withoutIds(tree: JsonObject): JsonObject {
  return JSON.parse(
    JSON.stringify(tree)
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "ID")
      .replaceAll(/\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)/g, "TIME"),
  ) as JsonObject;
}
