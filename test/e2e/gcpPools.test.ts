import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { gcpPlace, provisioned } from "./gcpPlace";

// From `up` of a program to `destroy`, by the built command line, on a fake Google Cloud that lets in only what the program provisioned.

const POOL = `
const etl = new gcp.CloudRunPushPool("etl", { project: "acme", region: "europe-west1", endpoints });
exports.pushPools = manifest({ pools: [etl] });`;

const PREFECT_YAML = `deployments:
- name: prod
  entrypoint: hello.py:hello
  parameters: { name: Ada }
  work_pool:
    name: etl
    job_variables: { image: "acme/etl:1", command: "sh -c 'echo $PUSHPOOL_PARAMETERS'" }
`;

test("up, up again, deploy a prefect.yaml, run, destroy: what was made is what it takes, and nothing stays", async () => {
  const here = await gcpPlace();
  here.program(POOL);
  here.write("prefect.yaml", PREFECT_YAML);
  here.write("hello.py", "def hello(name):\n    print(name)\n");
  const empty = provisioned(here.google);

  const up = await here.up();
  expect([up.status, up.stderr]).toEqual([0, expect.stringContaining("created")]);
  const [push = "", run = ""] = provisioned(here.google).accounts.sort();
  expect([push, run]).toEqual([
    expect.stringMatching(/^etl-push-[0-9a-f]{6}@acme\./),
    expect.stringMatching(/^etl-run-[0-9a-f]{6}@acme\./),
  ]);
  const member = `serviceAccount:${push}`;
  expect(provisioned(here.google)).toMatchObject({ keys: [push], roles: [] });
  expect(new Set(provisioned(here.google).bindings)).toEqual(
    new Set([
      { resource: "projects/acme", role: "roles/run.developer", member },
      { resource: "projects/acme", role: "roles/logging.viewer", member },
      { resource: `serviceAccounts/${run}`, role: "roles/iam.serviceAccountUser", member },
    ]),
  );
  const again = await here.up();
  expect([again.status, again.stderr]).toEqual([0, expect.stringContaining("no changes")]);

  expect(await here.run("deploy", "--all")).toMatchObject({ status: 0, stdout: "  + hello/prod (work pool etl)\n" });
  const done = await here.run("run", "hello/prod", "-p", "name=Grace");
  expect(done).toMatchObject({ status: 0, stdout: '{"name":"Grace"}\n', stderr: expect.stringContaining("COMPLETED") });
  const [execution] = here.google.world.executions.values();
  expect(execution?.template.serviceAccount).toBe(run);

  expect((await here.run("destroy", "--engine", "offline", "--yes")).status).toBe(0);
  expect(provisioned(here.google)).toEqual(empty);
  // Nothing of the key is left in clear anywhere.
  const { reply } = here.google.calls.find(({ method }) => method === "iam.serviceAccountKeys.create") ?? {};
  const { private_key } = JSON.parse(Buffer.from(String(reply?.privateKeyData), "base64").toString()) as { private_key: string };
  const marks = [private_key.split("\n")[5] ?? "", String(reply?.privateKeyData).slice(400, 460)];
  for (const file of readdirSync(here.folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile() || file.parentPath.includes("node_modules")) continue;
    const text = readFileSync(join(file.parentPath, file.name), "latin1");
    for (const mark of marks) expect(text.includes(mark), `${file.name} holds the key`).toBe(false);
  }
  for (const { stdout, stderr } of [up, again, done]) for (const mark of marks) expect(stdout + stderr).not.toContain(mark);
}, 120_000);
