import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, test } from "vitest";
import { Deployment, manifest } from "../../components";
import { ProcessPushPool } from "../../components/local";
import { parseManifest } from "../../src/manifest";
import { Secret } from "../../src/secret";
import { checkTemplate, defaultTemplate } from "../../src/template";
import { mockPulumi, settled } from "./mocks";

beforeAll(mockPulumi);

test("a manifest is a plain tree in which only the secrets are secret, and it can be parsed", async () => {
  const token = pulumi.secret("hunter2");
  const etl = new ProcessPushPool("etl", {
    concurrencyLimit: pulumi.output(4),
    jobVariables: { env: { REGION: "eu", TOKEN: token, DSN: pulumi.interpolate`db://${token}@host` }, stream_output: false },
    queues: { fast: { priority: 1 } },
    labels: { team: pulumi.output("data") },
  });
  const hello = new Deployment("hello/prod", {
    workPoolName: etl.workPoolName,
    workQueueName: "fast",
    command: "python hello.py",
    parameters: { name: "Ada" },
    jobVariables: { env: { KEY: token } },
    tags: ["t"],
  });
  const tree = manifest({
    pools: [etl],
    deployments: [hello],
    blocks: { "secret/token": { data: { value: token } } },
    variables: { region: "eu", password: token },
  });
  expect(pulumi.Output.isInstance(tree)).toBe(false);

  const { value, secrets } = await settled(tree);
  expect(secrets.sort()).toEqual([
    "/blocks/secret/token/data/value",
    "/deployments/hello/prod/workPool/jobVariables/env/KEY",
    "/pools/etl/baseJobTemplate/variables/properties/env/default/DSN",
    "/pools/etl/baseJobTemplate/variables/properties/env/default/TOKEN",
    "/variables/password",
  ]);
  const parsed = parseManifest(value, ["/variables/password"], "the program");
  expect(parsed.source).toEqual({ project: "data", stack: "prod" });
  expect(parsed.pools.etl).toMatchObject({
    type: "process:push",
    concurrencyLimit: 4,
    queues: { fast: { priority: 1 } },
    labels: { team: "data" },
  });
  expect(parsed.deployments["hello/prod"]).toEqual({
    command: "python hello.py",
    workPool: { name: "etl", queue: "fast", jobVariables: { env: { KEY: "hunter2" } } },
    parameters: { name: "Ada" },
    tags: ["t"],
  });
  expect(parsed.variables.password).toBeInstanceOf(Secret);
});

test("a pool's template is Prefect's with the job variables as defaults, and the original does not change", async () => {
  const pool = new ProcessPushPool("plain", { jobVariables: { working_dir: "/srv", env: { A: "1" } } });
  const { value } = await settled(pool.definition.pool.baseJobTemplate);
  const expected = defaultTemplate("process:push");
  const properties = (expected.variables as { properties: Record<string, object> }).properties;
  properties.working_dir = { ...properties.working_dir, default: "/srv" };
  properties.env = { ...properties.env, default: { A: "1" } };
  expect(value).toEqual(expected);
  expect(() => checkTemplate(expected, "baseJobTemplate")).not.toThrow();
  expect(new ProcessPushPool("other").definition.pool.baseJobTemplate).toEqual(defaultTemplate("process:push"));
});

test("a given template replaces the default one", () => {
  const baseJobTemplate = {
    job_configuration: { command: "{{ script }}" },
    variables: { type: "object", properties: { script: { type: "string" } }, required: ["script"] },
  };
  const pool = new ProcessPushPool("own", { workPoolName: "own-pool", baseJobTemplate, jobVariables: { script: "true" } });
  expect(pool.definition).toEqual({
    name: "own-pool",
    pool: {
      type: "process:push",
      baseJobTemplate: {
        ...baseJobTemplate,
        variables: { ...baseJobTemplate.variables, properties: { script: { type: "string", default: "true" } } },
      },
    },
    blocks: {},
  });
});

// biome-ignore lint/suspicious/noExplicitAny: the types would refuse these
const bad: [string, () => any, RegExp][] = [
  [
    "unknown variable",
    () => new ProcessPushPool("p", { jobVariables: { workingdir: "/" } }),
    /jobVariables.*workingdir.*did you mean "working_dir"\?/,
  ],
  ["unknown variable, an output", () => new ProcessPushPool("p", { jobVariables: { imagee: pulumi.output(1) } }), /jobVariables.*imagee/],
  ["ill-typed variable", () => new ProcessPushPool("p", { jobVariables: { stream_output: "loud" } }), /jobVariables\.stream_output/],
  [
    "template without variables",
    () => new ProcessPushPool("p", { baseJobTemplate: { job_configuration: { command: null } } }),
    /baseJobTemplate\.variables/,
  ],
  [
    "undeclared placeholder",
    () =>
      new ProcessPushPool("p", {
        baseJobTemplate: { job_configuration: { command: "{{ comand }}" }, variables: { properties: { command: { type: "string" } } } },
      }),
    /baseJobTemplate\.job_configuration\.command.*"comand".*"command"/,
  ],
  ["time limit 0", () => new ProcessPushPool("p", { timeoutSeconds: 0 }), /timeoutSeconds must be a whole number of at least 1, not 0/],
  ["time limit 1.5", () => new ProcessPushPool("p", { timeoutSeconds: 1.5 }), /timeoutSeconds must be a whole number/],
  ["negative limit", () => new ProcessPushPool("p", { concurrencyLimit: -1 }), /concurrencyLimit must be .* at least 0, not -1/],
  ["queue priority 0", () => new ProcessPushPool("p", { queues: { fast: { priority: 0 } } }), /queues\.fast\.priority must be/],
  ["pool name", () => new ProcessPushPool("a/b"), /workPoolName must not contain/],
  [
    "deployment without a slash",
    () => new Deployment("hello", { workPoolName: "p", command: "true" }),
    /must be FLOW\/DEPLOYMENT, for example "hello\/prod": "hello"/,
  ],
  ["deployment with two", () => new Deployment("a/b/c", { workPoolName: "p", command: "true" }), /must be FLOW\/DEPLOYMENT.*: "a\/b\/c"/],
  ["deployment with half a name", () => new Deployment("a/", { workPoolName: "p", command: "true" }), /must not be blank: "a\/"/],
  ["nothing to run", () => new Deployment("a/b", { workPoolName: "p" }), /command and entrypoint are both missing/],
  ["no pool", () => new Deployment("a/b", { command: "true" } as never), /workPoolName is missing/],
  ...(
    [
      ["entrypoint", 5, /^entrypoint must be a string, not a number$/],
      ["command", "", /^command must not be blank$/],
      ["workPoolName", {}, /^workPoolName must be a string, not an object$/],
      ["workQueueName", "a/b", /^workQueueName must not contain/],
      ["parameters", [1], /^parameters must be an object such as \{ name: value \}, not a list$/],
      ["parameterSchema", "{}", /^parameterSchema must be an object .* not a string$/],
      ["jobVariables", "image=x", /^jobVariables must be an object .* not a string$/],
      ["pullSteps", {}, /^pullSteps must be a list, not an object$/],
      ["pullSteps", ["git_clone"], /^pullSteps\[0\] must be an object/],
      ["tags", "etl", /^tags must be a list, not a string$/],
      ["tags", ["a", 1], /^tags\[1\] must be a string, not a number$/],
      ["tags", ["a\u0007"], /^tags\[0\] must not contain control characters: "a\\x07"$/],
    ] as const
  ).map(([field, value, message]): (typeof bad)[number] => [
    `deployment whose ${field} is ${JSON.stringify(value)}`,
    () => new Deployment("a/b", { workPoolName: "p", command: "true", [field]: value } as never),
    message,
  ]),
  ["variables that are a string", () => new ProcessPushPool("p", { jobVariables: "x" as never }), /^jobVariables must be an object/],
  [
    "no variables",
    () => new ProcessPushPool("p", { jobVariables: null as never }),
    /^jobVariables must not be null: give it a value, or leave it out$/,
  ],
  ["paused as a string", () => new ProcessPushPool("p", { isPaused: "yes" as never }), /^isPaused must be true or false, not a string$/],
  [
    "label that is not a string",
    () => new ProcessPushPool("p", { labels: { team: 1 as never } }),
    /^labels\.team must be a string, not a number$/,
  ],
  [
    "two pools with one name",
    () => manifest({ pools: [new ProcessPushPool("x"), new ProcessPushPool("y", { workPoolName: "x" })] }),
    /two work pools are called "x"/,
  ],
];
test.each(bad)("refused at once: %s", (_, make, message) => expect(make).toThrow(message));
