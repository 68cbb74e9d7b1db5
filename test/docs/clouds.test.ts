import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { TaskNetworkAccess } from "../../components/aws/taskNetwork";
import { RunSubnetAccess } from "../../components/azure/runSubnet";
import { NetworkAccess } from "../../components/gcp/runNetwork";
import { POOL_TYPES, type PoolType } from "../../src/model/poolType";
import { cloudRunBucket } from "../../src/targets/cloudRun/cloudRunBuckets";
import { checkResources } from "../../src/targets/cloudRun/cloudRunLimits";
import { aciBucket } from "../../src/targets/containerInstances/aciBuckets";
import { ecsBucket } from "../../src/targets/ecs/ecsBuckets";
import { checkFargateSize } from "../../src/targets/ecs/fargate";
import { TARGET_KINDS } from "../../src/targets/kinds";
import { defaultTemplate } from "../../src/template";
import { scratch } from "../scratch";
import { memoryNotes } from "../targets/cloud/memoryNotes";
import { repo, textOf } from "./markdown";

// Compares docs/clouds.md with the values in the code. For each other cell, a string in the code or in a test is the proof.

const ROWS = new Map(
  [...textOf("docs/clouds.md").matchAll(/^\| (.+) \|$/gm)].map(([, row = ""]) => {
    const [name = "", ...cells] = row.split(" | ");
    return [name, cells] as const;
  }),
);
const row = (name: string) => ROWS.get(name) ?? [];
const source = (path: string) => readFileSync(join(repo, path), "utf8");

/** A target of each type, which asks no cloud until it is used. */
async function targetOf(type: PoolType) {
  const aws = { aws_access_key_id: "AKIAEXAMPLE", aws_secret_access_key: "s", region_name: "eu-central-1" };
  return TARGET_KINDS[type].open({
    home: scratch(),
    env: {},
    notes: memoryNotes(),
    digestKey: () => Buffer.alloc(32),
    pool: async () => ({
      name: "etl",
      source: { project: "data", stack: "dev" },
      endpoints: {},
      baseJobTemplate: defaultTemplate(type),
      credentials: { block: "b/etl", data: type === "ecs:push" ? aws : { project: "acme" } },
    }),
  });
}

describe("what the code says itself", () => {
  test("types, parameters and components", () => {
    expect(row("type of the work pool")).toEqual(POOL_TYPES.map((type) => `\`${type}\``));
    expect(row("largest parameters, in bytes")).toEqual(
      POOL_TYPES.map((type) => TARGET_KINDS[type].maxParameters.bytes.toLocaleString("en-US")),
    );
    for (const [index, folder] of ["local", "gcp", "aws", "azure"].entries())
      expect(source(`components/${folder}/index.ts`)).toContain(`export { ${row("component")[index]?.replaceAll("`", "")}`);
  });

  test("who enforces the time limit, and the grace period", async () => {
    const targets = await Promise.all(POOL_TYPES.map(targetOf));
    expect(row("who enforces the time limit").map((cell) => cell === "whoever watches the run")).toEqual(
      targets.map((target) => target.enforceLimits !== undefined),
    );
    expect(row("grace period of `cancel`").map((cell) => cell === "as requested")).toEqual(
      targets.map(({ ownGrace }) => ownGrace === undefined),
    );
    expect(targets.map(({ ownGrace }) => ownGrace)).toEqual([
      undefined,
      expect.stringContaining("10 s"),
      expect.stringMatching(/stopTimeout.*30 s/),
      expect.stringContaining("Azure itself decides"),
    ]);
  });

  test("networks", () => {
    const names = (values: object) =>
      Object.values(values)
        .map((name) => `\`${name}\``)
        .join(", ");
    expect(row("networks that a pool can make")).toEqual(["–", ...[NetworkAccess, TaskNetworkAccess, RunSubnetAccess].map(names)]);
  });

  test("sizes and starts", () => {
    const [, run = "", ecs = "", aci = ""] = row("largest run").map((cell) =>
      cell
        .replaceAll(/[^\d ]/g, "")
        .trim()
        .split(/ +/),
    );
    expect(() => checkResources({ cpu: String(run[0]), memory: `${run[1]}Gi` }, "")).not.toThrow();
    expect(() => checkResources({ cpu: "8", memory: `${Number(run[1]) + 1}Gi` }, "")).toThrow(/maximum is 32Gi, with cpu 8/);
    const task = (cpus: number, gib: number) => () => checkFargateSize(String(cpus * 1024), String(gib * 1024), "");
    expect(task(Number(ecs[0]), Number(ecs[1]))).not.toThrow();
    expect(task(32, 240)).toThrow();
    expect(source("src/targets/containerInstances/groupLimits.ts")).toContain(`Standard: { cpu: ${aci[0]}, memory: ${aci[1]} }`);
    const caller = { subscription: "s", principal: "p" };
    expect(row("starts that the cloud allows")).toEqual([
      "–",
      `${cloudRunBucket("run", "p").perSecond * 60} a minute`,
      `${ecsBucket("launch", "p").perSecond} a second`,
      `${aciBucket("createsAnHour", caller).perSecond * 3600} an hour`,
    ]);
  });
});

/** What makes a cell true: a text in a file. `undefined`: the cell says that there is none. */
type Evidence = [file: string, text: RegExp | string] | undefined;

test.each<[row: string, evidence: Evidence[]]>([
  [
    "one run is",
    [
      ["src/targets/process/wrapper.ts", /group/],
      ["src/targets/cloudRun/cloudRunTarget.ts", /Runs as executions of Cloud Run jobs/],
      ["src/targets/ecs/ecsTarget.ts", /Runs as ECS tasks/],
      ["src/targets/containerInstances/aciTarget.ts", /Runs as container groups/],
    ],
  ],
  [
    "why it starts only once",
    [
      ["src/targets/process/processTarget.ts", /folder/],
      ["src/targets/cloudRun/cloudRunSends.ts", /find/],
      ["src/targets/ecs/ecsPlan.ts", /clientToken: clientToken\(run\.id, run\.attempt\)/],
      ["src/targets/containerInstances/groupPlan.ts", /groupName\(stackId\(pool\.source\), run\.id, run\.attempt\)/],
    ],
  ],
  [
    "where the log is",
    [
      ["src/targets/process/processLogs.ts", /folder/],
      ["src/targets/cloudRun/cloudRunLogs.ts", /entries:list/],
      ["src/targets/ecs/ecsApi.ts", /CloudWatchLogsClient/],
      ["src/targets/containerInstances/logJournal.ts", /notes/],
    ],
  ],
  [
    "a secret in the job variable `env`",
    [
      ["test/targets/conformance.ts", /a secret reaches the command and nothing else/],
      ["src/targets/cloudRun/cloudRunPlan.ts", /Cloud Run shows a variable's value to everyone who may read the execution/],
      ["src/targets/ecs/secretStore.ts", /Secrets of runs in Parameter Store/],
      ["src/targets/containerInstances/groupPlan.ts", /isHidden \? \{ name, secureValue: value \}/],
    ],
  ],
  [
    "what a run leaves",
    [
      ["src/targets/process/runFolder.ts", /folder/],
      ["src/targets/cloudRun/cloudRunTarget.ts", /Runs with the same configuration share a Job/],
      ["src/targets/ecs/ecsTarget.ts", /task definition/],
      ["src/targets/containerInstances/aciTarget.ts", /delete/],
    ],
  ],
  [
    "cheaper, and may be interrupted",
    [undefined, undefined, ["src/targets/ecs/taskRun.ts", "FARGATE_SPOT"], ["src/targets/containerInstances/groupLimits.ts", "isSpot"]],
  ],
  [
    "block with the key",
    [
      undefined,
      ["components/gcp/gcpCredentialsBlock.ts", "`gcp-credentials/"],
      ["components/aws/awsCredentialsBlock.ts", "`aws-credentials/"],
      ["components/azure/azureCredentialsBlock.ts", /BLOCK_TYPE = "azure-container-instance-credentials"/],
    ],
  ],
  [
    "your own login instead",
    [
      undefined,
      ["src/targets/cloudRun/googleAccess.ts", "pool.ambient"],
      ["src/targets/ecs/awsAccess.ts", "pool.ambient"],
      ["src/targets/containerInstances/azureAccess.ts", "pool.ambient"],
    ],
  ],
  [
    "least privilege",
    [
      undefined,
      ...(["gcp", "aws", "azure"].map((cloud) => [
        `components/${cloud}/leastPrivilege.ts`,
        "export function leastPrivilege",
      ]) as Evidence[]),
    ],
  ],
  ...(["secretEnv", "imageRepository"] as const).map((argument): [string, Evidence[]] => [
    argument === "secretEnv" ? "secrets of all runs, by `secretEnv`" : "a registry for images, by `imageRepository`",
    [
      undefined,
      ["components/gcp/cloudRunPushPoolArgs.ts", `${argument}?:`],
      ["components/aws/ecsPushPoolArgs.ts", `${argument}?:`],
      ["components/azure/containerInstancePushPoolArgs.ts", `${argument}?:`],
    ],
  ]),
  [
    "sovereign clouds",
    [
      undefined,
      ["test/targets/sovereignClouds.test.ts", "a key of the universe"],
      ["test/targets/sovereignClouds.test.ts", "cn-north-1"],
      ["test/targets/sovereignClouds.test.ts", "the authority"],
    ],
  ],
])("%s: each cell has its reason", (name, evidence) => {
  expect(row(name)).toHaveLength(evidence.length);
  for (const [index, one] of evidence.entries()) {
    const cell = row(name)[index];
    expect([cell, one === undefined]).toEqual([cell, cell === "–"]);
    if (one) expect(source(one[0])).toMatch(one[1]);
  }
});

test("stdout and stderr: which targets the common suite tests as merged", () => {
  const folders = ["process/process", "cloudRun/conformance", "ecs/conformance", "containerInstances/conformance"];
  expect(row("stdout and stderr in `logs`").map((cell) => cell === "as one")).toEqual(
    folders.map((file) => source(`test/targets/${file}.test.ts`).includes('streams: "merged"')),
  );
});

test("no row is left untested", () => {
  const tested = readFileSync(__filename, "utf8");
  const names = [...ROWS.keys()].filter((name) => name !== "" && !name.startsWith("---") && !name.startsWith("| "));
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !tested.includes(`"${name}"`))).toEqual([]);
});
