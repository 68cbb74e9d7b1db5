import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import type { Value } from "../../../src/json";
import { parameterFolder } from "../../../src/manifest/cloudNames";
import { Secret } from "../../../src/secret";
import type { PoolAccess, Target } from "../../../src/targets/target";
import { type FakeAws, startFakeAws } from "../../../src/testing";
import type { TaskDefinitionRecord } from "../../../src/testing/clouds/aws/awsWorld";
import { jobOf, never, openerOf, poolOf, runOf } from "./place";

const DEV = { project: "data", stack: "dev" };
const PROD = { project: "data", stack: "prod" };
const MONTH = 30 * 86_400_000;

async function place() {
  const aws = await startFakeAws({ simulated: true });
  onTestFinished(() => aws.stop());
  const key = aws.accessKey("submitter");
  const template = {
    job_configuration: { cluster: "{{ cluster }}" },
    variables: { properties: { cluster: { default: aws.clusterArn }, execution_role_arn: { default: aws.executionRoleArn } } },
  };
  /** A target with its own home. */
  const from = (source: PoolAccess["source"]) => openerOf(poolOf(aws, key, { source, baseJobTemplate: template })).open();
  return { aws, key, from };
}

async function submit(target: Target, aws: FakeAws, image: string, secret?: string): Promise<void> {
  const task_definition = { containerDefinitions: [{ image }], executionRoleArn: aws.executionRoleArn };
  const env: Record<string, Value> = secret === undefined ? {} : { TOKEN: new Secret([{ pointer: "/blocks/secret~1t" }], secret) };
  await target.submit(await target.prepare(target.plan(jobOf(aws, "true", { task_definition, env }), runOf(randomUUID())), never), never);
}

const all = ({ world }: FakeAws): TaskDefinitionRecord[] => [...world.families.values()].flat();
const images = (aws: FakeAws, stack: string, status = "ACTIVE") =>
  all(aws)
    .filter(({ definition, tags }) => definition.status === status && tags.some(({ value }) => String(value).startsWith(`data-${stack}-`)))
    .map(({ definition }) => (definition.containerDefinitions as { image: string }[])[0]?.image);

/** Make everything look as if it was created and used a month ago. */
function age({ world }: FakeAws): void {
  for (const { definition } of [...world.families.values()].flat()) definition.registeredAt = Math.floor((Date.now() - MONTH) / 1000);
  for (const parameter of world.parameters.values()) parameter.modifiedAt = Date.now() - MONTH;
}

test("tidying removes what no run has used for a week, but never the latest, another stack's, another pool's, or what was created by hand", async () => {
  const { aws, from } = await place();
  const dev = await from(DEV);
  for (const image of ["a", "b"]) await submit(dev, aws, image, `dev-${image}`);
  const [[, revisions = []] = []] = aws.world.families;
  const byHand = structuredClone(revisions[1]) as TaskDefinitionRecord;
  byHand.tags = [];
  Object.assign(byHand.definition, { revision: 3, taskDefinitionArn: byHand.definition.taskDefinitionArn.replace(/:2$/, ":3") });
  revisions.push(byHand);
  await submit(dev, aws, "c", "dev-c");
  const prod = await from(PROD);
  for (const image of ["a", "b"]) await submit(prod, aws, image, `prod-${image}`);
  const folder = parameterFolder(DEV, "etl");
  aws.world.parameters.set(`${folder}BY_HAND-0123456789abcdef0123456789abcdef`, { value: "x", version: 1 });
  aws.world.parameters.set(`${folder}etl-secrets-abc123/PASSWORD`, {
    value: "x",
    version: 1,
    description: "pushpool: a secret of flow runs of work pool etl",
  });
  age(aws);

  expect(await (await from(DEV)).tidy?.(never)).toBe(false);
  expect([images(aws, "dev"), images(aws, "dev", "DELETE_IN_PROGRESS"), images(aws, "prod")]).toEqual([["c"], ["a", "b"], ["a", "b"]]);
  expect(byHand.definition.status).toBe("ACTIVE");
  expect([...aws.world.parameters.values()].map(({ value }) => value)).toEqual(["prod-a", "prod-b", "x", "x"]);
  // A process that still relies on them creates them again.
  await submit(dev, aws, "a", "dev-a");
  expect(images(aws, "dev")).toEqual(["c", "a"]);
});

test("what this home's runs have used recently stays", async () => {
  const { aws, from } = await place();
  const dev = await from(DEV);
  for (const image of ["a", "b", "c"]) await submit(dev, aws, image);
  age(aws);
  expect(await dev.tidy?.(never)).toBe(false);
  expect(images(aws, "dev")).toEqual(["a", "b", "c"]);
});

test("tidying needs few calls, however much there is", async () => {
  const { aws, from } = await place();
  await submit(await from(DEV), aws, "a");
  const [[, revisions] = []] = aws.world.families;
  const [first] = revisions as TaskDefinitionRecord[];
  for (let revision = 2; revision <= 500; revision++) {
    const next = structuredClone(first) as TaskDefinitionRecord;
    Object.assign(next.definition, { revision, taskDefinitionArn: next.definition.taskDefinitionArn.replace(/:\d+$/, `:${revision}`) });
    revisions?.push(next);
  }
  age(aws);
  const before = aws.calls.length;
  expect(await (await from(DEV)).tidy?.(never)).toBe(true);
  expect(aws.calls.length - before).toBeLessThan(60);
  expect(images(aws, "dev")).toHaveLength(480);
});

test("removing the stack's leftovers removes everything, secrets first; what pushpool 0.1.0 left is recognized by its role", async () => {
  const { aws, from, key } = await place();
  const dev = await from(DEV);
  for (const image of ["a", "b"]) await submit(dev, aws, image, `dev-${image}`);
  const prod = await from(PROD);
  await submit(prod, aws, "a", "prod-a");
  // As 0.1.0 created them: without a stack.
  const old = (family: string, executionRoleArn: string, parameter: string) => {
    const [template] = all(aws);
    const made = structuredClone(template) as TaskDefinitionRecord;
    made.tags = [
      { key: "pushpool-shape", value: "0" },
      { key: "managed-by", value: "pushpool" },
    ];
    const containers = [{ name: "prefect", image: "old", secrets: [{ name: "T", valueFrom: parameter }] }];
    const arn = aws.world.arn("ecs", `task-definition/${family}:1`);
    Object.assign(made.definition, { family, revision: 1, taskDefinitionArn: arn, executionRoleArn, containerDefinitions: containers });
    aws.world.families.set(family, [made]);
    aws.world.parameters.set(parameter, { value: "old", version: 1 });
    return made;
  };
  const mine = old("prefect_etl_hello_mine", aws.executionRoleArn, "/pushpool/etl/T-0123456789abcdef");
  const theirs = old("prefect_etl_hello_theirs", "arn:aws:iam::111111111111:role/other", "/pushpool/etl/T-fedcba9876543210");
  aws.world.parameters.set("/pushpool/etl/LOST-0000000000000000", { value: "lost", version: 1 });

  const begun = aws.calls.length;
  const { removed, kept } = (await dev.removeLeftovers?.({ jobVariables: [], signal: never })) ?? {};
  expect(removed).toEqual({ "secrets in Parameter Store": 3, "task definitions": 3 });
  expect(kept).toEqual([expect.stringMatching(/may be another stack's.*delete-parameters --names \/pushpool\/etl\/LOST-0{16}`$/)]);
  const calls = aws.calls.slice(begun).map(({ action }) => action);
  expect(calls.indexOf("ssm:DeleteParameters")).toBeLessThan(calls.indexOf("ecs:DeregisterTaskDefinition"));
  expect([images(aws, "dev"), images(aws, "prod")]).toEqual([[], ["a"]]);
  expect([mine.definition.status, theirs.definition.status]).toEqual(["DELETE_IN_PROGRESS", "ACTIVE"]);
  expect([...aws.world.parameters.values()].map(({ value }) => value)).toEqual(["prod-a", "old", "lost"]);
  // The second time there is nothing left.
  const again = await (await openerOf(poolOf(aws, key, { source: DEV })).open()).removeLeftovers?.({ jobVariables: [], signal: never });
  expect(again?.removed).toEqual({});
});

test("what may not be removed is reported, with the action and what to do", async () => {
  const aws = await startFakeAws({ simulated: true });
  onTestFinished(() => aws.stop());
  const put = { Statement: { Effect: "Allow", Action: "ssm:PutParameter", Resource: "*" } } as const;
  const pool = poolOf(aws, aws.accessKey("submitter", ["AmazonECS_FullAccess", put]), { source: DEV });
  const dev = await openerOf(pool).open();
  await submit(dev, aws, "a", "dev-a");
  const { removed, kept } = (await dev.removeLeftovers?.({ jobVariables: [], signal: never })) ?? {};
  expect(removed).toEqual({ "task definitions": 1 });
  expect(kept).toEqual([
    expect.stringMatching(/secrets of its runs.*not authorized to perform: ssm:DescribeParameters.*It needs ssm:DescribeParameters/),
    expect.stringContaining("ssm:DescribeParameters"),
  ]);
  await expect(dev.tidy?.(never)).rejects.toThrow(/ssm:DescribeParameters/);
});
