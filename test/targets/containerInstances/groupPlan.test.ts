import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject, Value, ValueObject } from "../../../src/json";
import { Secret } from "../../../src/secret";
import { type PoolFacts, planGroup } from "../../../src/targets/containerInstances/groupPlan";
import type { GroupRequest } from "../../../src/targets/containerInstances/groupRequest";
import { prepareJob, resolveJob, validateJob } from "../../../src/template";
import { atPath } from "../../atPath";
import { runOf } from "../cloud/place";
import { aciTemplate, SUBSCRIPTION } from "./place";

const pool: PoolFacts = { source: { project: "data", stack: "dev" }, clientId: "11111111-1111-4111-8111-111111111111" };
const run = runOf("0190b9a2-7c11-7000-8000-000000000001");
const GROUP = "pp-5a59e2aaa3-0190b9a27c1170008000000000000001-1";
const PLACE = { resource_group_name: "flows", subscription_id: SUBSCRIPTION };

/** What Prefect's template makes of job variables, as `pushpool run` does it. */
function rendered(jobVariables: ValueObject, template = aciTemplate()): ValueObject {
  const job = validateJob(
    resolveJob({
      baseJobTemplate: template,
      deploymentJobVariables: { command: "python -m flows.etl", ...PLACE, ...jobVariables },
      flowRunJobVariables: {},
      blocks: {},
      variables: {},
      env: {},
    }),
  );
  return prepareJob(job, {
    prefect: false,
    env: {},
    flowRun: { id: run.id, name: "brave-fox", parameters: {} },
    flow: { name: "hello" },
    deployment: { name: "prod" },
    workPool: { name: "etl" },
  });
}
const USUAL = { image: "acme/etl:1" };
const planned = (jobVariables: ValueObject, template?: JsonObject) =>
  planGroup(rendered({ ...USUAL, ...jobVariables }, template), run, pool);
const requestOf = (jobVariables: ValueObject, template?: JsonObject) => planned(jobVariables, template).request as unknown as GroupRequest;
const warningsOf = (jobVariables: ValueObject, template?: JsonObject) => planned(jobVariables, template).warnings;

interface Parts {
  container?: object;
  properties?: object;
  group?: object;
  over?: object;
}

const TAGS = {
  "prefect.io-flow-run-id": run.id,
  "prefect.io-flow-run-name": "brave-fox",
  "prefect.io-work-pool-name": "etl",
  "prefect.io-flow-name": "hello",
  "prefect.io-deployment-name": "prod",
  "pushpool-stack": "data-dev-5a59e2aaa3",
  "pushpool-work-pool": "etl",
  "pushpool-run": `${run.id}/1`,
};

/** What is sent for Prefect's template with nothing but an image given, with parts of it changed. */
function golden({ container = {}, properties = {}, group = {}, over = {} }: Parts = {}) {
  return {
    name: { subscription: SUBSCRIPTION, resourceGroup: "flows", group: GROUP },
    container: GROUP,
    group: {
      properties: {
        containers: [
          {
            name: GROUP,
            properties: {
              image: "acme/etl:1",
              command: ["/opt/prefect/entrypoint.sh", "python", "-m", "flows.etl"],
              resources: { requests: { cpu: 1, memoryInGB: 1 } },
              environmentVariables: [],
              ...container,
            },
          },
        ],
        osType: "Linux",
        restartPolicy: "Never",
        ...properties,
      },
      tags: TAGS,
      ...group,
    },
    keep: false,
    timeoutSeconds: null,
    startTimeoutSeconds: 240,
    ...over,
  };
}

const IDENTITY = `/subscriptions/${SUBSCRIPTION}/resourceGroups/flows/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pull`;
const FLOWS = IDENTITY.replace(/pull$/, "flows");
const SUBNET = `/subscriptions/${SUBSCRIPTION}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/aci`;
const secret = new Secret([{ pointer: "/t" }], "hunter2");

describe("every variable of Prefect's template ends where Prefect's worker would put it", () => {
  test.each<[string, ValueObject, object]>([
    ["none", {}, golden()],
    ["name", { name: "mine" }, golden()],
    ["env", { env: { A: "1", B: null } }, golden({ container: { environmentVariables: [{ name: "A", value: "1" }] } })],
    ["env, secret", { env: { TOKEN: secret } }, golden({ container: { environmentVariables: [{ name: "TOKEN", secureValue: secret }] } })],
    [
      "env, Prefect's own secrets",
      { env: { PREFECT_API_KEY: "k", PREFECT_API_AUTH_STRING: "u:p" } },
      golden({
        container: {
          environmentVariables: [
            { name: "PREFECT_API_KEY", secureValue: "k" },
            { name: "PREFECT_API_AUTH_STRING", secureValue: "u:p" },
          ],
        },
      }),
    ],
    ["labels", { labels: { "Team/A": "Data & AI" } }, golden({ group: { tags: { ...TAGS, "Team-A": "Data & AI" } } })],
    ["command", { command: "sh -c 'echo hi'" }, golden({ container: { command: ["/opt/prefect/entrypoint.sh", "sh", "-c", "echo hi"] } })],
    ["image", { image: "acme.azurecr.io/etl:2" }, golden({ container: { image: "acme.azurecr.io/etl:2" } })],
    ["resource_group_name", { resource_group_name: "rg" }, golden({ over: { name: { ...golden().name, resourceGroup: "rg" } } })],
    [
      "identities",
      { identities: [IDENTITY] },
      golden({ group: { identity: { type: "UserAssigned", userAssignedIdentities: { [IDENTITY]: {} } } } }),
    ],
    ["entrypoint, none", { entrypoint: null }, golden({ container: { command: ["python", "-m", "flows.etl"] } })],
    ["entrypoint, another", { entrypoint: "/bin/tini" }, golden({ container: { command: ["/bin/tini", "python", "-m", "flows.etl"] } })],
    [
      "image_registry with an identity",
      { identities: [IDENTITY], image_registry: { registry_url: "acme.azurecr.io", identity: IDENTITY } },
      golden({
        properties: { imageRegistryCredentials: [{ server: "acme.azurecr.io", identity: IDENTITY }] },
        group: { identity: { type: "UserAssigned", userAssignedIdentities: { [IDENTITY]: {} } } },
      }),
    ],
    [
      "image_registry with an identity, and identities of the deployment's own",
      { identities: [FLOWS], image_registry: { registry_url: "acme.azurecr.io", identity: IDENTITY } },
      golden({
        properties: { imageRegistryCredentials: [{ server: "acme.azurecr.io", identity: IDENTITY }] },
        group: { identity: { type: "UserAssigned", userAssignedIdentities: { [FLOWS]: {}, [IDENTITY]: {} } } },
      }),
    ],
    [
      "image_registry with a password; Azure wants a host, not a URL",
      { image_registry: { registry_url: "https://registry.example.com/", username: "puller", password: secret, reauth: true } },
      golden({ properties: { imageRegistryCredentials: [{ server: "registry.example.com", username: "puller", password: secret }] } }),
    ],
    ["cpu", { cpu: 1.5 }, golden({ container: { resources: { requests: { cpu: 1.5, memoryInGB: 1 } } } })],
    ["cpu and memory", { cpu: 2, memory: 4.5 }, golden({ container: { resources: { requests: { cpu: 2, memoryInGB: 4.5 } } } })],
    ["subnet_ids", { subnet_ids: [SUBNET] }, golden({ properties: { subnetIds: [{ id: SUBNET }] } })],
    ["dns_servers", { dns_servers: ["10.0.0.10"] }, golden({ properties: { dnsConfig: { nameServers: ["10.0.0.10"] } } })],
    // Submitting is the pool's: nothing of it is in the request.
    ["aci_credentials", { aci_credentials: { client_id: "11111111-1111-4111-8111-111111111111" } }, golden()],
    ["stream_output", { stream_output: true }, golden()],
    ["task_start_timeout_seconds", { task_start_timeout_seconds: 60 }, golden({ over: { startTimeoutSeconds: 60 } })],
    ["task_watch_poll_interval", { task_watch_poll_interval: 1 }, golden()],
    ["keep_container_group", { keep_container_group: true }, golden({ over: { keep: true } })],
  ])("%s", (_, jobVariables, expected) => {
    expect(requestOf(jobVariables)).toEqual(expected);
  });

  test("every variable is in the table above", () => {
    const { variables } = aciTemplate() as { variables: { properties: object } };
    const refused = ["gpu_count", "gpu_sku", "subscription_id", "memory"];
    const tested = readFileSync(__filename, "utf8");
    for (const name of Object.keys(variables.properties))
      expect(refused.includes(name) || new RegExp(`^ +(\\[)?"${name}[", ]`, "m").test(tested), name).toBe(true);
  });
});

const PROPERTIES = ["job_configuration", "arm_template", "resources", 0, "properties"] as const;
const edited = (...edits: [readonly (string | number)[], Json][]) => {
  const template = aciTemplate();
  for (const [path, value] of edits) atPath(template, path, value);
  return template;
};

test("what users write into the template is kept", () => {
  const side = { name: "side", properties: { image: "side:1", resources: { requests: { cpu: 1, memoryInGB: 1 } } } };
  const volume = { name: "share-1", azureFile: { shareName: "s", storageAccountName: "a", storageAccountKey: "k" } };
  const template = edited(
    [[...PROPERTIES, "containers", 1], side],
    [[...PROPERTIES, "containers", 0, "properties", "volumeMounts"], [{ name: "share-1", mountPath: "/data" }]],
    [
      [...PROPERTIES, "containers", 0, "properties", "environmentVariables"],
      [
        { name: "MINE", secureValue: "s" },
        { name: "A", value: "0" },
      ],
    ],
    [[...PROPERTIES, "volumes"], [volume]],
    [["job_configuration", "arm_template", "resources", 0, "location"], "northeurope"],
    [["job_configuration", "arm_template", "resources", 0, "zones"], ["1"]],
    [["job_configuration", "arm_template", "resources", 0, "tags"], { team: "data" }],
    [["job_configuration", "arm_template", "parameters", "sku"], { type: "string", defaultValue: "Standard" }],
    [[...PROPERTIES, "sku"], "[parameters('sku')]"],
    [[...PROPERTIES, "priority"], "Spot"],
  );
  const { group } = requestOf({ env: { A: "1" } }, template);
  expect(group).toMatchObject({
    location: "northeurope",
    zones: ["1"],
    tags: { team: "data" },
    properties: {
      sku: "Standard",
      priority: "Spot",
      volumes: [volume],
      containers: [
        {
          properties: {
            volumeMounts: [{ name: "share-1", mountPath: "/data" }],
            environmentVariables: [
              { name: "MINE", secureValue: "s" },
              { name: "A", value: "1" },
            ],
          },
        },
        side,
      ],
    },
  });
  const kept = expect.stringMatching(
    /(\[0\]\.secureValue|azureFile\.storageAccountKey) is plain text, so the ledger stores it: use a block/,
  );
  expect(warningsOf({}, template)).toEqual([kept, kept, expect.stringContaining("priority is Spot")]);
});

test.each<[string, ValueObject, boolean]>([
  ["a word", { keep_container_group: "Yes" }, true],
  ["a number", { keep_container_group: 1 }, true],
  ["a word for no", { keep_container_group: "false" }, false],
  ["nothing", { keep_container_group: null }, false],
])("a flag is taken as Prefect's worker takes it: %s", (_, jobVariables, keep) => {
  expect(requestOf(jobVariables, loose("keep_container_group")).keep).toBe(keep);
});

test("a number of seconds may be a string, as for Prefect's worker", () => {
  expect(requestOf({ task_start_timeout_seconds: "60" }, loose("task_start_timeout_seconds")).startTimeoutSeconds).toBe(60);
  expect(() => requestOf({ task_start_timeout_seconds: "soon" }, loose("task_start_timeout_seconds"))).toThrow(
    /task_start_timeout_seconds: must be a number of seconds/,
  );
});

test("env in the template's own place for variables counts once", () => {
  const template = edited([[...PROPERTIES, "containers", 0, "properties", "environmentVariables"], "{{ env }}"]);
  expect(requestOf({ env: { A: "1" } }, template)).toEqual(golden({ container: { environmentVariables: [{ name: "A", value: "1" }] } }));
});

/** A template that says nothing of a variable's type. */
function loose(variable: string): JsonObject {
  return edited([["variables", "properties", variable], {}]);
}

test("a big container group and a missing image are said beforehand", () => {
  expect(warningsOf({ cpu: 8, memory: 16 })).toEqual([expect.stringMatching(/^8 CPUs and 16 GB make a big container group/)]);
  expect(planGroup(rendered({}), run, pool).warnings).toEqual([expect.stringContaining("prefecthq/prefect:3-latest")]);
});

test("a secret is in the request as a wrapper only", () => {
  const submission = planned({ env: { TOKEN: secret }, image_registry: { registry_url: "r", username: "u", password: secret } });
  for (const shown of [JSON.stringify(submission), inspect(submission, { depth: 20 })]) expect(shown).not.toContain("hunter2");
  expect(warningsOf({ image_registry: { registry_url: "r", username: "u", password: "hunter2" } })).toEqual([
    expect.stringMatching(/^job_configuration\.image_registry\.password is plain text/),
  ]);
});

describe("bad input is refused before any call, with its path", () => {
  const container = [...PROPERTIES, "containers", 0] as const;
  test.each<[string, ValueObject, JsonObject | undefined, RegExp]>([
    ["a GPU", { gpu_count: 1, gpu_sku: "V100" }, undefined, /^job_configuration\.gpu_count: .* has no GPUs since July 2025/],
    [
      "a GPU in the template",
      {},
      edited([[...container, "properties", "resources", "requests", "gpu"], { count: 1, sku: "V100" }]),
      /requests\.gpu: .* has no GPUs/,
    ],
    ["no such subscription", { subscription_id: "mine" }, undefined, /subscription_id: must be the id of an Azure subscription/],
    ["an empty resource group", { resource_group_name: "" }, undefined, /resource_group_name is missing/],
    ["a bad resource group", { resource_group_name: "a/b" }, undefined, /resource_group_name: "a\/b" is not a valid name/],
    ["too much CPU", { cpu: 32, memory: 64 }, undefined, /up to 31 CPUs \(job variable "cpu"\), not 32/],
    ["too much memory", { cpu: 4, memory: 241 }, undefined, /up to 240 GB of memory \(job variable "memory"\), not 241/],
    ["too little memory", { cpu: 1, memory: 0.5 }, undefined, /at least 1 GB of memory/],
    ["too little CPU", { cpu: 0.5 }, undefined, /at least 1 CPU \(job variable "cpu"\), but the containers request 0\.5/],
    ["no CPU", { cpu: 0 }, undefined, /requests\.cpu: must be more than 0/],
    ["a variable's name", { env: { _X: "1" } }, undefined, /environmentVariables\._X: Azure accepts names of up to 63 letters/],
    [
      "a variable's size",
      { env: { X: "x".repeat(140_000) } },
      undefined,
      /environmentVariables\.X: 140003 bytes, and Linux accepts 131072/,
    ],
    ["a command's size", { command: `echo ${"x".repeat(140_000)}` }, undefined, /command\[2\]: 140001 bytes/],
    ["parameters' size", { env: { PUSHPOOL_PARAMETERS: "x".repeat(140_000) } }, undefined, /^parameters: 140021 bytes/],
    ["a secret in the command", { command: secret }, undefined, /job_configuration\.command contains a secret/],
    ["a secret in the image", { image: secret }, undefined, /image: must be a string/],
    ["an identity's name", { identities: ["pull"] }, undefined, /identities\[0\]: must be a resource id/],
    [
      "an identity that the group does not have",
      {},
      edited([[...PROPERTIES, "imageRegistryCredentials"], [{ server: "r", identity: IDENTITY }]]),
      /imageRegistryCredentials\[0\]\.identity: .* add it to the job variable "identities"/,
    ],
    ["another application", { aci_credentials: { client_id: "x" } }, undefined, /aci_credentials: these belong to another application/],
    [
      "a restart policy",
      {},
      edited([[...PROPERTIES, "restartPolicy"], "OnFailure"]),
      /restartPolicy: a flow run is started once: must be "Never"/,
    ],
    [
      "a fixed name",
      {},
      edited([[...PROPERTIES.slice(0, -1), "name"], "etl"]),
      /resources\[0\]\.name: pushpool names the container group after the run/,
    ],
    [
      "a second resource",
      {},
      edited([[...PROPERTIES.slice(0, -2), 1], { type: "x" }]),
      /resources: a flow run is one container group, and the template has 2/,
    ],
    [
      "another resource",
      {},
      edited([[...PROPERTIES.slice(0, -1), "type"], "Microsoft.App/jobs"]),
      /resources\[0\]\.type: must be "Microsoft\.ContainerInstance/,
    ],
    [
      "a misspelt field",
      {},
      edited([[...PROPERTIES, "subnets"], []]),
      /properties\.subnets: Azure Container Instances has no such field here: did you mean "subnetIds"/,
    ],
    ["an expression", {}, edited([[...PROPERTIES, "sku"], "[concat('a','b')]"]), /properties\.sku: pushpool evaluates \[parameters/],
    [
      "a function",
      {},
      edited([["job_configuration", "arm_template", "variables"], { a: 1 }]),
      /arm_template\.variables: .* does not evaluate variables/,
    ],
    [
      "a parameter without a value",
      {},
      edited([[...PROPERTIES, "sku"], "[parameters('sku')]"]),
      /gives its parameter "sku" no defaultValue/,
    ],
    [
      "two containers of one name",
      {},
      edited([
        [...PROPERTIES, "containers", 1],
        { name: "[parameters('container_name')]", properties: { image: "a", resources: { requests: { cpu: 1, memoryInGB: 1 } } } },
      ]),
      /containers\[1\]\.name: two containers are called/,
    ],
    ["no container", {}, edited([[...PROPERTIES, "containers"], []]), /containers: must be a list with the run's container first/],
    ["a container's name", {}, edited([[...container, "name"], "My_Flow"]), /containers\[0\]\.name: "My_Flow" is not valid/],
    [
      "Spot in a subnet",
      { subnet_ids: [SUBNET] },
      edited([[...PROPERTIES, "priority"], "Spot"]),
      /subnetIds: Azure puts no Spot container group into a subnet/,
    ],
    ["a big Spot group", { cpu: 5 }, edited([[...PROPERTIES, "priority"], "Spot"]), /a Spot container group up to 4 CPUs/],
    ["a secret where anyone reads it", { labels: { a: secret } }, undefined, /labels\.a contains a secret/],
    [
      "an unknown variable",
      {},
      edited([["job_configuration", "vnet"], "x"]),
      /job_configuration\.vnet: an azure-container-instance:push run does not use it/,
    ],
  ])("%s", (_, jobVariables, template, message) => {
    expect(() => requestOf(jobVariables, template)).toThrow(message);
  });
});

// What Prefect's own worker sends, computed by its code.
const cases = join(__dirname, "..", "..", "..", "..", "shared", "prefect", "azure-worker", "cases.json");
if (!existsSync(cases)) console.warn(`SKIPPED: there are no cases of Prefect's worker in ${cases}`);

interface Case {
  name: string;
  template: "server" | "from-code";
  template_edits?: [(string | number)[], Json][];
  deployment_job_variables: JsonObject;
  flow_run_job_variables?: JsonObject;
  blocks?: { id: string; type: string; name: string; data: JsonObject }[];
  variables?: JsonObject;
  process_env?: Record<string, string>;
  requests?: { body?: { properties?: { template?: { resources: ValueObject[] } } } }[];
}

/** Where pushpool does otherwise on purpose. `refused`: the message; `image`, `env` …: what is compared in its place. */
const DIFFERENCES: Record<string, { why: string; refused?: RegExp; ours?: (group: ValueObject) => void }> = {
  "cpu-memory-as-strings": { why: "Azure takes numbers, not strings; and it gives a group at least one CPU", refused: /at least 1 CPU/ },
  "env-plain": { why: "Azure refuses a name with a blank", refused: /environmentVariables\.WITH SPACE: Azure accepts names/ },
  "gpu-is-dropped": { why: "Azure has no GPUs: a run that needs one would fail later", refused: /has no GPUs/ },
  "registry-inline-password": { why: "Azure takes a host, not a URL", ours: serverOf("https://registry.example.com") },
  "template-tags-and-restart-policy": { why: "a run is started once", refused: /restartPolicy/ },
  "template-own-env-is-replaced": {
    why: "pushpool keeps the template's own variables",
    ours: (group) => ownEnv(group).unshift({ name: "MINE", secureValue: "canary-template" }),
  },
  "template-without-resources": { why: "there is nothing to run", refused: /the template has 0 resources/ },
  "credentials-partial": { why: "the pool's credentials are used, and they are of another application", refused: /another application/ },
};

const containerOf = (group: ValueObject) => ((group.properties as ValueObject).containers as ValueObject[])[0]?.properties as ValueObject;
const ownEnv = (group: ValueObject) => containerOf(group).environmentVariables as ValueObject[];
function serverOf(url: string) {
  return (group: ValueObject) => {
    for (const each of (group.properties as ValueObject).imageRegistryCredentials as ValueObject[])
      if (each.server === url) each.server = url.replace("https://", "");
  };
}

/** Secrets as they are sent. */
function revealed(value: Value): Value {
  if (value instanceof Secret) return value.reveal() as Value;
  if (Array.isArray(value)) return value.map(revealed);
  return value !== null && typeof value === "object"
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revealed(each as Value)]))
    : value;
}

describe.runIf(existsSync(cases))("the same group as Prefect's worker makes", () => {
  const all = existsSync(cases) ? (JSON.parse(readFileSync(cases, "utf8")) as Case[]) : [];
  const creating = all.filter(({ requests }) => requests?.[0]?.body?.properties?.template?.resources);

  test.each(creating.map((each) => [each.name, each] as const))("%s", (name, given) => {
    const template = aciTemplate(given.template === "server" ? "azure-container-instance" : "azure-container-instance.from-code");
    for (const [path, value] of given.template_edits ?? []) atPath(template, path, value);
    const sent = given.requests?.[0]?.body?.properties?.template?.resources[0] as ValueObject;
    const work = () => {
      const blocks = Object.fromEntries((given.blocks ?? []).map(({ id, type, name: block, data }) => [`${type}/${block}`, { id, data }]));
      const job = validateJob(
        resolveJob({
          baseJobTemplate: template,
          deploymentJobVariables: given.deployment_job_variables,
          flowRunJobVariables: given.flow_run_job_variables ?? {},
          blocks: blocks as never,
          variables: given.variables ?? {},
          env: given.process_env ?? {},
        }),
      );
      const env = { ...Object.fromEntries(prefectVariables(sent)), ...(job.env as ValueObject) };
      const own = typeof job.command === "string" && job.command !== "" ? job.command : "prefect flow-run execute";
      return planGroup(
        { ...job, env: Object.fromEntries(Object.entries(env).filter(([, each]) => each !== null)), command: own },
        run,
        pool,
      );
    };
    const { refused, ours } = DIFFERENCES[name] ?? {};
    if (refused) {
      expect(work).toThrow(refused);
      return;
    }
    const theirs = revealed(sent) as ValueObject;
    ours?.(theirs);
    const { group } = work().request as unknown as GroupRequest;
    const { tags: _, ...made } = revealed(group) as ValueObject;
    const image = containerOf(theirs);
    // Prefect takes the image of its own versions where none is given.
    if (String(image.image).startsWith("prefecthq/prefect:")) image.image = "prefecthq/prefect:3-latest";
    expect(normal(made)).toEqual(normal(theirs));
  });
});

function prefectVariables(resource: ValueObject): [string, Value][] {
  return ownEnv(resource)
    .filter(({ name }) => /^PREFECT_(HOME|API_URL|LOGGING|SERVER|_)/.test(String(name)))
    .map(({ name, value }) => [String(name), value ?? null]);
}

/** Without what only names it, and variables in one order. */
function normal(resource: ValueObject): unknown {
  const { name: _, type: __, apiVersion: ___, location, tags: ____, ...rest } = JSON.parse(JSON.stringify(resource)) as ValueObject;
  const [container] = (rest.properties as ValueObject).containers as ValueObject[];
  (container as ValueObject).name = "the run's";
  ownEnv(rest).sort((a, b) => String(a.name).localeCompare(String(b.name)));
  return { ...rest, ...(location === undefined || location === "[parameters('location')]" ? {} : { location }) };
}
