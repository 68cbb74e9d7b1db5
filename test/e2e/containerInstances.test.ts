import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import type { FakeAzure } from "../../src/testing";
import { until } from "../until";
import { AZURE, type AzureClient, aciManifest, aciPlace } from "./clouds/azure";
import { withProperties } from "./clouds/azureEnds";
import { listen } from "./pushpool";

// The built command line with a handwritten manifest and a fake Azure: what only Azure has.

const GROUPS = "Microsoft.ContainerInstance/containerGroups";

let azure: FakeAzure;
let client: AzureClient;
beforeAll(async () => {
  azure = await AZURE.startFake();
  client = azure.client("submitter");
});
afterAll(() => azure.stop());

type Over = Parameters<typeof aciManifest>[3];
const here = (commands: Record<string, string>, over: Over = {}) => aciPlace(aciManifest(azure, client, commands, over));
/** Names of all groups that were ever made. */
const made = () => [...azure.world.operations.values()].map(({ group }) => group);
const actions = (since: number) => azure.calls.slice(since).map(({ action }) => action);
const lastEnded = () => {
  const { current } = azure.world.groups.get(String(made().at(-1)).toLowerCase())?.containers[0] ?? {};
  return current?.state === "Terminated";
};

describe("a log of which Azure has kept only the end", () => {
  const numbers = (count: number) => Array.from({ length: count }, (_, n) => `line ${n}`);
  const print = (count: number) => `n=0; while [ $n -lt ${count} ]; do echo "line $n"; n=$((n+1)); done`;

  /** A pool whose runs send their output to a workspace, which the submitter may read. */
  function withWorkspace(name: string, { mayRead = true, key }: { mayRead?: boolean; key?: string } = {}): Over {
    const id = `${azure.scope}/providers/Microsoft.OperationalInsights/workspaces/${name}`;
    const { customerId, sharedKeys } = azure.world.workspaces.add(id, azure.location);
    const principal = azure.world.directory.principalOf(client.client_id);
    if (mayRead && principal) azure.world.access.grant(principal, "Log Analytics Reader", id);
    const logAnalytics = { workspaceId: customerId, workspaceKey: "{{ prefect.blocks.secret.workspace }}" };
    return {
      pool: withProperties(() => ({ diagnostics: { logAnalytics } })),
      blocks: { "secret/workspace": { data: { value: key ?? sharedKeys.primary } } },
    };
  }

  test("with Log Analytics the lines before come from there: each once, in order", async () => {
    const place = here({ "hello/long": `sh -c '${print(2_500)}'` }, withWorkspace("all"));
    const id = (await place.run("run", "hello/long", "--detach")).stdout.trim();
    await until(lastEnded);
    const before = azure.calls.length;
    const { status, stdout, stderr } = await place.run("wait", id);
    expect([status, stdout.split("\n")]).toEqual([0, [...numbers(2_500), ""]]);
    expect(stderr).not.toContain("[pushpool]");
    expect(actions(before)).toContain("logs/query");
    expect((await place.run("logs", id)).stdout).toBe(stdout);
  });

  test("lines between the known ones and the remaining ones come from there, too", async () => {
    const over = withWorkspace("middle");
    const place = here({}, over);
    const go = join(place.folder, "go");
    const script = `echo begin; echo of it; while ! test -e ${go}; do sleep 0.05; done; ${print(2_500)}`;
    const manifest = aciManifest(azure, client, { "hello/long": `sh -c '${script}'` }, over);
    writeFileSync(String(place.env.PUSHPOOL_MANIFEST), JSON.stringify(manifest), { mode: 0o600 });
    const child = place.start("run", "hello/long", "--flow-run-name", "long");
    const heard = listen(child);
    await until(() => heard.stdout().includes("of it"));
    child.kill("SIGKILL");
    await heard.ended;
    writeFileSync(go, "");
    await until(lastEnded);
    const { status, stdout, stderr } = await place.run("wait", "long");
    expect([status, stdout.split("\n")]).toEqual([0, ["begin", "of it", ...numbers(2_500), ""]]);
    expect(stderr).not.toContain("[pushpool]");
  });

  test.each<[string, () => Over, RegExp]>([
    [
      "without Log Analytics",
      () => ({}),
      /lines are missing here: Azure stores 4 MB of a container's output while it runs, 16 KB after its end$/m,
    ],
    [
      "without its role on the workspace",
      () => withWorkspace("closed", { mayRead: false }),
      /lines are missing here: .*, and Log Analytics does not give them: .*insufficient access.*it needs "Log Analytics Reader" on the workspace\. If the role is new/m,
    ],
    // With a wrong key, Azure loses them without a word.
    [
      "while the workspace does not have them",
      () => withWorkspace("late", { key: "wrong" }),
      /Log Analytics does not have them yet\. That may take ten minutes: read the log again later with `pushpool logs`$/m,
    ],
  ])("%s: that is said in their place", async (_, over, said) => {
    const place = here({ "hello/long": `sh -c '${print(2_500)}'` }, over());
    const id = (await place.run("run", "hello/long", "--detach")).stdout.trim();
    await until(lastEnded);
    const { status, stdout, stderr } = await place.run("wait", id);
    expect([status, stdout.split("\n")]).toEqual([0, [...numbers(2_500).slice(-1_000), ""]]);
    expect(stderr).toMatch(said);
  });
});

describe("credentials that Microsoft Entra does not accept", () => {
  const NEW_SECRET =
    /give the credentials block of work pool "etl" a new client_secret\. If the stack made it, give ContainerInstancePushPool another secretVersion, and run `pushpool up`: AADSTS/;
  const expired = () => {
    const owner = azure.world.directory.clients.get(client.client_id);
    if (!owner) throw new Error("the submitter is gone");
    return azure.world.directory.addSecret(owner, { startAt: 0, endAt: Date.now() - 1_000 }).text;
  };
  const young = () => new Date().toISOString();
  const old = () => new Date(Date.now() - 3_600_000).toISOString();

  test.each<[string, () => Over, RegExp[]]>([
    [
      "a wrong secret",
      () => ({ block: { client_secret: "wrong" } }),
      [/the client_secret of application \S+ is wrong: /, NEW_SECRET, /AADSTS7000215: /],
    ],
    ["a wrong secret of an old pool", () => ({ block: { client_secret: "wrong" }, createdAt: old() }), [/is wrong: /, NEW_SECRET]],
    [
      "an expired one",
      () => ({ block: { client_secret: expired() } }),
      [/the client_secret of application \S+ has expired: /, NEW_SECRET, /AADSTS7000222: /],
    ],
    ["an expired one, though the pool is young", () => ({ block: { client_secret: expired() }, createdAt: young() }), [/has expired: /]],
    [
      "an unknown tenant",
      () => ({ block: { tenant_id: "33333333-3333-4333-8333-333333333333" }, createdAt: young() }),
      [/there is no such tenant: check "tenant_id" of work pool "etl"'s credentials block: AADSTS90002: /],
    ],
    [
      "an application that is gone",
      () => ({ block: { client_id: "33333333-3333-4333-8333-333333333333" } }),
      [/Azure does not accept application 33333333-\S+; it may be deleted, disabled or of another tenant: AADSTS700016: /],
    ],
  ])("%s: reports it at once, with what to do, exit code 5", async (_, over, says) => {
    const before = azure.calls.length;
    const place = here({ "hello/prod": "true" }, over());
    const { status, stdout, stderr } = await place.run("run", "hello/prod");
    expect([status, stdout]).toEqual([5, ""]);
    for (const said of says) expect(stderr).toMatch(said);
    expect(stderr).not.toMatch(/\n\s+at |trying again/);
    // Nobody asks a second time, and nothing else is called.
    const asked = actions(before).filter((action) => action !== "entra/openidConfiguration");
    expect(asked.length).toBeLessThanOrEqual(1);
    expect(asked.filter((action) => action !== "entra/token")).toEqual([]);
    const { runs } = JSON.parse((await place.run("ls", "--json")).stdout) as { runs: { state: { type: string } }[] };
    expect(runs[0]?.state.type).toBe("CRASHED");
  });

  test("a secret that is not known yet: tried again while it is young, with a notice", async () => {
    const owner = azure.world.directory.clients.get(client.client_id);
    if (!owner) throw new Error("the submitter is gone");
    const secret = azure.world.directory.addSecret(owner, { startAt: Date.now() + 3_600_000 });
    const place = here({ "hello/young": "echo let in" }, { block: { client_secret: secret.text }, createdAt: young() });
    const heard = listen(place.start("run", "hello/young"));
    await until(() =>
      /the credentials of work pool "etl" are new, and not effective everywhere in Azure yet: trying again/.test(heard.stderr()),
    );
    secret.startAt = 0;
    expect([await heard.ended, heard.stdout()]).toEqual([0, "let in\n"]);
  });

  test.each(["entra/openidConfiguration", "entra/token"])("%s does not answer for a moment: that is not a refusal", async (on) => {
    azure.plant({ on, fault: { kind: "unavailable" } });
    azure.plant({ on, fault: { kind: "reset", after: false } });
    azure.plant({ on, fault: { kind: "refuse", status: 429, code: "TooManyRequests", message: "slow down" } });
    expect(await here({ "hello/prod": "echo here" }).run("run", "hello/prod")).toMatchObject({ status: 0, stdout: "here\n" });
  });
});

test.each([
  ["429 with Retry-After", { kind: "throttle" }],
  ["429 without", { kind: "refuse", status: 429, code: "TooManyRequests", message: "slow down" }],
  ["500", { kind: "internal" }],
  ["503", { kind: "unavailable" }],
  ["503 after the call was done", { kind: "unavailableAfter" }],
  ["a connection that breaks after the call was done", { kind: "reset", after: true }],
] as const)("%s, again and again on every call: one container group, COMPLETED", async (_, fault) => {
  const before = made().length;
  // Each call goes wrong three times.
  for (const on of [`${GROUPS}/read`, `${GROUPS}/write`, `${GROUPS}/containers/logs/read`, `${GROUPS}/delete`])
    azure.plant({ on, fault, times: 3 });
  const { status, stdout } = await here({ "hello/storm": "echo through" }).run("run", "hello/storm");
  expect([status, stdout, made().length - before]).toEqual([0, "through\n", 1]);
});

test("what the template hides is in no plan, log, ledger, or place where Azure shows it", async () => {
  const canary = (name: string) => `canary-${name}-0815`;
  const names = ["variable", "block", "password", "job", "account", "file"];
  const place = here(
    { "hello/hidden": `sh -c 'echo \${#OWN} \${#OURS}'` },
    {
      pool: withProperties(({ containers: [own, ...others] }) => ({
        containers: [
          {
            ...own,
            properties: {
              ...(own?.properties as JsonObject),
              environmentVariables: [
                { name: "OWN", secureValue: canary("variable") },
                { name: "OURS", secureValue: "{{ prefect.blocks.secret.ours }}" },
              ],
            },
          },
          ...others,
        ],
        imageRegistryCredentials: [{ server: "one.example.com", username: "u", password: canary("password") }],
        volumes: <JsonObject[]>[
          { name: "share", azureFile: { shareName: "s", storageAccountName: "a", storageAccountKey: canary("account") } },
          { name: "vault", secret: { file: Buffer.from(canary("file")).toString("base64") } },
        ],
      })),
      jobVariables: { image_registry: { registry_url: "two.example.com", username: "u", password: canary("job") } },
      blocks: { "secret/ours": { data: { value: canary("block") } } },
    },
  );
  const before = azure.calls.length;
  const done = await place.run("run", "hello/hidden", "--flow-run-name", "hidden");
  expect(done).toMatchObject({ status: 0, stdout: `${canary("variable").length} ${canary("block").length}\n` });
  expect(done.stderr).not.toContain("plain text");
  const shown = [done];
  for (const args of [
    ["run", "hello/hidden", "--dry-run"],
    ["show", "hidden", "--json"],
    ["manifest", "show"],
  ])
    shown.push(await place.run(...args));
  const everything = shown.map(({ stdout, stderr }) => stdout + stderr);
  const calls = azure.calls.slice(before);
  everything.push(...calls.map(({ path, reply }) => JSON.stringify([path, reply])));
  for (const file of readdirSync(place.home, { recursive: true, withFileTypes: true }))
    if (file.isFile()) everything.push(readFileSync(join(file.parentPath, file.name), "latin1"));
  const forms = names.flatMap((name) => [canary(name), Buffer.from(canary(name)).toString("base64")]);
  for (const text of everything) for (const form of forms) expect(text).not.toContain(form);
  const carriers = calls.filter(({ body }) => JSON.stringify(body).includes("canary-variable")).map(({ action }) => action);
  expect(carriers).toEqual([`${GROUPS}/write`]);
});
