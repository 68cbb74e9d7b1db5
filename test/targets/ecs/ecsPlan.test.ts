import { RegisterTaskDefinitionRequest$, RunTaskRequest$ } from "@aws-sdk/client-ecs";
import { describe, expect, test } from "vitest";
import type { JsonObject, ValueObject } from "../../../src/json";
import { Secret } from "../../../src/secret";
import { fieldOf, type Shape } from "../../../src/targets/ecs/awsShapes";
import { type PoolFacts, planEcs } from "../../../src/targets/ecs/ecsPlan";
import type { EcsRequest } from "../../../src/targets/ecs/ecsRequest";
import { ecsTemplate } from "../../e2e/clouds/aws";
import { renderedBy } from "../cloud/rendered";
import { runOf } from "./place";

const pool: PoolFacts = {
  region: "eu-west-1",
  accessKeyId: "AKIAEXAMPLE",
  stack: "data-dev-1a2b3c4d5e",
  fields: {
    register: fieldOf(RegisterTaskDefinitionRequest$ as unknown as Shape),
    run: fieldOf(RunTaskRequest$ as unknown as Shape),
  },
};
const run = runOf("0190b9a2-7c11-7000-8000-000000000001");

/** Job variables rendered with Prefect's template, as `pushpool run` does it. */
function rendered(jobVariables: JsonObject, template = ecsTemplate()): ValueObject {
  return renderedBy(template, jobVariables, run.id);
}
const USUAL = { image: "acme/etl:1", network_configuration: { subnets: ["subnet-1"] } };
const requestOf = (jobVariables: JsonObject, template?: JsonObject) =>
  planEcs(rendered({ ...USUAL, ...jobVariables }, template), run, pool).request as unknown as EcsRequest;

const DEFINITION = {
  family: "prefect_data-dev-1a2b3c4d5e_etl_hello_prod",
  containerDefinitions: [{ name: "prefect", image: "acme/etl:1" }],
  cpu: "1024",
  memory: "2048",
  networkMode: "awsvpc",
  requiresCompatibilities: ["FARGATE"],
};
const TAGS = [
  { key: "prefect.io/flow-run-id", value: run.id },
  { key: "prefect.io/flow-run-name", value: "brave-fox" },
  { key: "prefect.io/work-pool-name", value: "etl" },
  { key: "prefect.io/flow-name", value: "hello" },
  { key: "prefect.io/deployment-name", value: "prod" },
];
const OF_STACK = { key: "pushpool-stack", value: "data-dev-1a2b3c4d5e" };
const OVERRIDE = { name: "prefect", command: ["python", "-m", "flows.etl"] };
const RUN_TASK = {
  count: 1,
  launchType: "FARGATE",
  networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } },
  tags: [...TAGS, OF_STACK],
  startedBy: `pushpool/${run.id}/1`,
  clientToken: expect.stringMatching(/^[0-9a-f]{64}$/),
  overrides: { containerOverrides: [OVERRIDE] },
};

interface Parts {
  definition?: JsonObject;
  container?: JsonObject;
  runTask?: JsonObject;
  override?: JsonObject;
  /** Of the task, in addition to those of its containers. */
  overrides?: JsonObject;
  over?: JsonObject;
}

/** The request of Prefect's template with only an image and a subnet given, with changed parts. */
function golden({ definition = {}, container = {}, runTask = {}, override = {}, overrides = {}, over = {} }: Parts = {}) {
  const { launchType, ...elsewhere } = RUN_TASK;
  const name = container.name ?? "prefect";
  return {
    region: "eu-west-1",
    container: name,
    register: { ...DEFINITION, containerDefinitions: [{ ...DEFINITION.containerDefinitions[0], ...container }], ...definition },
    matchLatest: false,
    runTask: {
      ...(runTask.capacityProviderStrategy ? elsewhere : { ...elsewhere, launchType }),
      overrides: { ...overrides, containerOverrides: [{ ...OVERRIDE, name, ...override }] },
      ...runTask,
    },
    secrets: {},
    deregister: false,
    timeoutSeconds: null,
    startTimeoutSeconds: null,
    ...over,
  };
}

/** On the user's own instances a container has a size, and the host's network unless the definition says otherwise. */
const hosted = { cpu: 1024, memory: 2048 };
function onInstances(runTask: JsonObject) {
  const { networkConfiguration: _, ...sent } = golden({ runTask }).runTask;
  const { family } = DEFINITION;
  return { ...golden(), register: { family, containerDefinitions: [{ ...DEFINITION.containerDefinitions[0], ...hosted }] }, runTask: sent };
}

const role = "arn:aws:iam::111111111111:role/exec";
const logging = (group: string, prefix: string) => ({
  definition: { executionRoleArn: role },
  container: {
    logConfiguration: {
      logDriver: "awslogs",
      options: {
        "awslogs-create-group": "true",
        "awslogs-group": group,
        "awslogs-region": "eu-west-1",
        "awslogs-stream-prefix": prefix,
      },
    },
  },
  over: { logs: { group, prefix, region: "eu-west-1" } },
});

test("what the template leaves null, in a sidecar too, is not sent", () => {
  const template = ecsTemplate() as { job_configuration: { task_definition: { containerDefinitions: JsonObject[] } } };
  const sidecar = { name: "sidecar", image: "acme/sidecar:1", environment: [{ name: "A", value: null }] };
  template.job_configuration.task_definition.containerDefinitions.push(sidecar);
  const { definition } = requestOf({}, template);
  const { containerDefinitions } = (definition as unknown as { register: { containerDefinitions: JsonObject[] } }).register;
  expect(containerDefinitions.at(-1)).toEqual({ ...sidecar, environment: [{ name: "A" }] });
});

describe("every variable of Prefect's template has the same effect as with Prefect's worker", () => {
  test.each<[string, JsonObject, object]>([
    ["none", {}, golden()],
    ["name", { name: "mine" }, golden()],
    ["env", { env: { A: "1", B: null } }, golden({ override: { environment: [{ name: "A", value: "1" }] } })],
    // Characters that are invalid in AWS' tags are replaced, as Prefect's worker does.
    ["labels", { labels: { Team: "Data & AI" } }, golden({ runTask: { tags: [...TAGS, { key: "Team", value: "Data-AI" }, OF_STACK] } })],
    ["command", { command: "sh -c 'echo hi'" }, golden({ override: { command: ["sh", "-c", "echo hi"] } })],
    // The pool's credentials submit: they are not in the request.
    ["aws_credentials", { aws_credentials: { aws_access_key_id: "AKIAEXAMPLE" } }, golden()],
    ["cluster", { cluster: "main" }, golden({ runTask: { cluster: "main" } })],
    ["family", { family: "fam" }, golden({ definition: { family: "fam" } })],
    ["launch_type", { launch_type: "EC2" }, onInstances({ launchType: "EC2" })],
    ["launch_type, of one's own machines", { launch_type: "EXTERNAL" }, onInstances({ launchType: "EXTERNAL" })],
    [
      "launch_type, spot",
      { launch_type: "FARGATE_SPOT" },
      golden({ runTask: { capacityProviderStrategy: [{ capacityProvider: "FARGATE_SPOT", weight: 1 }] } }),
    ],
    [
      "capacity_provider_strategy",
      { capacity_provider_strategy: [{ capacityProvider: "mine", weight: 1 }], network_configuration: {} },
      onInstances({ capacityProviderStrategy: [{ capacityProvider: "mine", weight: 1 }] }),
    ],
    [
      "capacity_provider_strategy with a network: awsvpc, and the network is kept",
      {
        capacity_provider_strategy: [{ capacityProvider: "mine", weight: 1 }],
        network_configuration: { subnets: ["subnet-1"], securityGroups: ["sg-1"] },
      },
      {
        ...golden({
          runTask: {
            capacityProviderStrategy: [{ capacityProvider: "mine", weight: 1 }],
            networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"], securityGroups: ["sg-1"] } },
          },
        }),
        register: { ...onInstances({}).register, networkMode: "awsvpc" },
      },
    ],
    ["image", { image: "acme/etl:2" }, golden({ container: { image: "acme/etl:2" } })],
    ["cpu", { cpu: 512 }, golden({ definition: { cpu: "512" }, override: { cpu: 512 }, overrides: { cpu: "512" } })],
    ["memory", { memory: 4096 }, golden({ definition: { memory: "4096" }, override: { memory: 4096 }, overrides: { memory: "4096" } })],
    ["container_name", { container_name: "main" }, golden({ container: { name: "main" } })],
    [
      "prefect_api_key_secret_arn",
      { prefect_api_key_secret_arn: "arn:k", execution_role_arn: role },
      golden({ definition: { executionRoleArn: role }, container: { secrets: [{ name: "PREFECT_API_KEY", valueFrom: "arn:k" }] } }),
    ],
    [
      "prefect_api_auth_string_secret_arn",
      { prefect_api_auth_string_secret_arn: "arn:a", execution_role_arn: role },
      golden({ definition: { executionRoleArn: role }, container: { secrets: [{ name: "PREFECT_API_AUTH_STRING", valueFrom: "arn:a" }] } }),
    ],
    ["task_role_arn", { task_role_arn: "arn:t" }, golden({ overrides: { taskRoleArn: "arn:t" } })],
    ["execution_role_arn", { execution_role_arn: role }, golden({ definition: { executionRoleArn: role } })],
    // Prefect's worker would look for subnets there if none are given; here they are.
    ["vpc_id", { vpc_id: "vpc-1" }, golden()],
    [
      "configure_cloudwatch_logs",
      { configure_cloudwatch_logs: true, execution_role_arn: role },
      golden(logging("prefect", "prefect-logs_etl")),
    ],
    [
      "cloudwatch_logs_options",
      { configure_cloudwatch_logs: true, execution_role_arn: role, cloudwatch_logs_options: { "awslogs-group": "g" } },
      golden(logging("g", "prefect-logs_etl")),
    ],
    [
      "cloudwatch_logs_prefix",
      { configure_cloudwatch_logs: true, execution_role_arn: role, cloudwatch_logs_prefix: "p" },
      golden(logging("prefect", "p")),
    ],
    [
      "network_configuration",
      { network_configuration: { subnets: ["subnet-2"], securityGroups: ["sg-1"], assignPublicIp: "ENABLED" } },
      golden({
        runTask: {
          networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-2"], securityGroups: ["sg-1"], assignPublicIp: "ENABLED" } },
        },
      }),
    ],
    ["auto_deregister_task_definition", { auto_deregister_task_definition: true }, golden({ over: { deregister: true } })],
    ["match_latest_revision_in_family", { match_latest_revision_in_family: true }, golden({ over: { matchLatest: true } })],
  ])("%s", (_, jobVariables, expected) => {
    const { definition, ...rest } = requestOf(jobVariables);
    const { register, matchLatest, digest } = definition as { register: JsonObject; matchLatest: boolean; digest: string };
    expect({ ...rest, register, matchLatest }).toEqual(expected);
    expect(digest).toMatch(/^[0-9a-f]{16,}$/);
  });

  test("task_definition_arn: the given definition runs, and none is registered", () => {
    const { definition, runTask, container } = requestOf({ task_definition_arn: "given:3" });
    expect([definition, container]).toEqual([{ given: "given:3" }, undefined]);
    // Which container gets the command is known once the definition is read.
    expect(runTask).toEqual({ ...RUN_TASK, overrides: { containerOverrides: [{ command: OVERRIDE.command }] } });
  });

  test("the table has every variable of the template", () => {
    const { properties } = ecsTemplate().variables as { properties: JsonObject };
    expect(Object.keys(properties).sort()).toEqual([
      "auto_deregister_task_definition",
      "aws_credentials",
      "capacity_provider_strategy",
      "cloudwatch_logs_options",
      "cloudwatch_logs_prefix",
      "cluster",
      "command",
      "configure_cloudwatch_logs",
      "container_name",
      "cpu",
      "env",
      "execution_role_arn",
      "family",
      "image",
      "labels",
      "launch_type",
      "match_latest_revision_in_family",
      "memory",
      "name",
      "network_configuration",
      "prefect_api_auth_string_secret_arn",
      "prefect_api_key_secret_arn",
      "task_definition_arn",
      "task_role_arn",
      "vpc_id",
    ]);
  });

  test("the template as a Prefect server stores it gives the same", () => {
    const given = { execution_role_arn: role, configure_cloudwatch_logs: true, cpu: 256, memory: 512 };
    const [server, code] = [requestOf(given, ecsTemplate("ecs")), requestOf(given)];
    expect({ ...server, startTimeoutSeconds: null }).toEqual({ ...code, startTimeoutSeconds: null });
  });

  test("a label without a key is dropped, dashes at the ends are removed, and a label overrides a tag", () => {
    const template = ecsTemplate();
    const { task_run_request: asked } = template.job_configuration as { task_run_request: JsonObject };
    asked.tags = { team: "of the tags", Own: "1" };
    const { tags } = requestOf(
      { labels: { "-a b-": "--x  y--", "***": "lost", team: "of the labels", n: "1,000" } as JsonObject },
      template,
    ).runTask as { tags: JsonObject[] };
    expect(Object.fromEntries(tags.map(({ key, value }) => [key, value]))).toMatchObject({
      "a-b": "x-y",
      team: "of-the-labels",
      Own: "1",
      n: "1000",
    });
    expect(tags.map(({ key }) => key)).not.toContain("");
  });

  test("no image: Prefect's base image, as the template promises, with a warning", () => {
    const { request, warnings } = planEcs(rendered({ network_configuration: { subnets: ["subnet-1"] } }), run, pool);
    const { definition } = request as unknown as { definition: { register: { containerDefinitions: JsonObject[] } } };
    expect(definition.register.containerDefinitions[0]?.image).toBe("prefecthq/prefect:3-latest");
    expect(warnings).toContainEqual(expect.stringContaining("Prefect's base image prefecthq/prefect:3-latest"));
  });

  test.each<JsonObject>([{}, { capacity_provider_strategy: [{ capacityProvider: "mine", weight: 1 }] }])(
    "only a vpc_id: refused by its name (%j)",
    (more) => {
      expect(() => planEcs(rendered({ image: "i", vpc_id: "vpc-1", ...more }), run, pool)).toThrow(
        /^job_configuration\.vpc_id: pushpool does not look for the subnets of "vpc-1": name them in network_configuration/,
      );
    },
  );

  test.each<[JsonObject, RegExp]>([
    [{ cloudwatch_logs_options: { "awslogs-group": "g".repeat(513) } }, /awslogs-group: must be up to 512 letters/],
    [{ cloudwatch_logs_options: { "awslogs-group": "a group" } }, /awslogs-group: must be up to 512 letters.*"a group"/],
    [{ cloudwatch_logs_prefix: "a:b" }, /cloudwatch_logs_prefix: must be up to 471 characters without : and \*, not "a:b"/],
    [{ cloudwatch_logs_prefix: "p".repeat(472) }, /cloudwatch_logs_prefix: must be up to 471 characters/],
  ])("an invalid name for CloudWatch Logs is refused early: %j", (names, message) => {
    expect(() => requestOf({ configure_cloudwatch_logs: true, execution_role_arn: role, ...names })).toThrow(message);
  });

  test("the prefix of log streams has the id of a server's deployment, as with Prefect's worker", () => {
    const job = rendered({ ...USUAL, configure_cloudwatch_logs: true, execution_role_arn: role });
    const known = { ...job, labels: { ...(job.labels as ValueObject), "prefect.io/deployment-id": "d-1" } };
    expect(planEcs(known, { ...run, pool: "a:b" }, pool).request.logs).toMatchObject({ prefix: "prefect-logs_a-b_d-1" });
  });

  test("a network for a task without its own is not used, with a warning", () => {
    const { warnings } = planEcs(rendered({ ...USUAL, launch_type: "EC2" }), run, pool);
    expect(warnings).toContainEqual(expect.stringContaining("network_configuration and vpc_id are not used"));
  });
});

describe("a name that is a secret in the template's container", () => {
  const own = (): JsonObject => {
    const template = structuredClone(ecsTemplate()) as {
      job_configuration: { task_definition: { containerDefinitions: JsonObject[] } };
    } & JsonObject;
    const [container] = template.job_configuration.task_definition.containerDefinitions;
    (container as JsonObject).secrets = [
      { name: "DB", valueFrom: "/old/db" },
      { name: "OTHER", valueFrom: "/own/other" },
      { name: "DB", valueFrom: "/own/db" },
    ];
    return template;
  };
  const secretsOf = (env: ValueObject) => {
    const job = rendered({ ...USUAL, execution_role_arn: "arn:aws:iam::123456789012:role/x" }, own());
    const { request, warnings } = planEcs({ ...job, env: { ...(job.env as ValueObject), ...env } }, run, pool);
    const { definition, secrets, runTask } = request as unknown as EcsRequest;
    const { register } = definition as unknown as { register: { containerDefinitions: JsonObject[] } };
    const overridden = JSON.stringify((runTask as JsonObject).overrides ?? null);
    return [
      register.containerDefinitions[0]?.secrets,
      Object.keys(secrets),
      overridden.includes('"DB"'),
      warnings.filter((line) => line.includes("secret")),
    ];
  };
  const OTHER = { name: "OTHER", valueFrom: "/own/other" };
  const gone = [expect.stringMatching(/prefect\.secrets: the secret "DB" is not used, because the run sets env\.DB$/)];

  test("occurs once if the run does not set it", () => {
    expect(secretsOf({})).toEqual([[{ name: "DB", valueFrom: "/own/db" }, OTHER], [], false, []]);
  });
  test("is replaced by a variable of the run, with a warning", () => {
    expect(secretsOf({ DB: "plain" })).toEqual([[OTHER], [], true, gone]);
  });
  test("is replaced by a secret of the run, with a warning", () => {
    expect(secretsOf({ DB: new Secret([{ pointer: "/blocks/secret~1db/data/value" }], "hush") })).toEqual([[OTHER], ["DB"], false, gone]);
  });
});

test("a variable whose secret has an ARN gets that secret, whatever the environment says", () => {
  const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-AbCdEf";
  const template = structuredClone(ecsTemplate()) as { job_configuration: JsonObject } & JsonObject;
  template.job_configuration.prefect_api_key_secret_arn = arn;
  const { definition, runTask, secrets } = requestOf(
    { execution_role_arn: "arn:aws:iam::123456789012:role/x", env: { PREFECT_API_KEY: "in-clear", A: "b" } },
    template,
  );
  expect(JSON.stringify([definition, runTask])).not.toContain("in-clear");
  expect(JSON.stringify(definition)).toContain(arn);
  expect(secrets).toEqual({});
});

test("tags that become equal, and values that become empty, cause warnings", () => {
  const { warnings } = planEcs(rendered({ ...USUAL, labels: { "team a": "x", "team?a": "y", note: "日本" } }), run, pool);
  expect(warnings.filter((line) => line.includes("labels"))).toEqual([
    'job_configuration.labels: "team a" and "team?a" become the same label there, "team-a": the value of "team?a" is kept',
    'job_configuration.labels: no character of the value of "note" is valid there: "日本"',
  ]);
});
