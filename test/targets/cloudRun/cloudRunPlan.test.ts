import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject, Value, ValueObject } from "../../../src/json";
import { Secret } from "../../../src/secret";
import { planCloudRun } from "../../../src/targets/cloudRun/cloudRunPlan";
import type { CloudRunRequest } from "../../../src/targets/cloudRun/cloudRunRequest";
import { prefectTemplate } from "../../e2e/clouds/gcp";
import { renderedBy } from "../cloud/rendered";
import { jobOf, runOf } from "./place";

const account = { runtimeAccount: "flow@acme.iam.gserviceaccount.com" };
const source = { project: "data", stack: "dev" };
const pool = { project: "acme", source, clientEmail: "submitter@acme.iam.gserviceaccount.com" };
const run = runOf("0190b9a2-7c11-7000-8000-000000000001");
const plan = (job: ValueObject, over = {}) => planCloudRun(job, { ...run, ...over }, pool);
const requestOf = (job: ValueObject, over = {}) => plan(job, over).request as unknown as CloudRunRequest;

/** Job variables rendered with Prefect's template, as `pushpool run` does it. */
function rendered(jobVariables: JsonObject, template = prefectTemplate()): ValueObject {
  return renderedBy(template, jobVariables, run.id);
}

const LABELS = {
  "managed-by": "pushpool",
  "prefect-io-deployment-name": "prod",
  "prefect-io-flow-name": "hello",
  "prefect-io-work-pool-name": "etl",
  "pushpool-stack": "data-dev-5a59e2aaa3",
  "pushpool-work-pool": "etl",
};
const MARKER = { PUSHPOOL_SUBMISSION: `${run.id}/1` };

/** The request of Prefect's template with only a service account given. */
const GOLDEN = {
  parent: "projects/acme/locations/us-central1",
  jobPerRun: false,
  job: {
    client: "prefect",
    launchStage: "BETA",
    labels: LABELS,
    template: {
      labels: LABELS,
      template: {
        containers: [
          {
            command: ["python", "-m", "flows.etl"],
            image: "prefecthq/prefect:3-latest",
            resources: { limits: { cpu: "1000m", memory: "512Mi" } },
          },
        ],
        maxRetries: 0,
        serviceAccount: account.runtimeAccount,
      },
    },
  },
  overrides: { env: MARKER, timeout: 600 },
};

/** The golden request with changed parts of the job, the task or the container. */
function golden({ job = {}, task = {}, container = {}, overrides = {}, labels = {}, ...over }: Record<string, JsonObject | string> = {}) {
  const { template } = GOLDEN.job.template;
  const allLabels = { ...LABELS, ...(labels as JsonObject) };
  return {
    ...GOLDEN,
    ...over,
    job: {
      ...GOLDEN.job,
      labels: allLabels,
      ...(job as JsonObject),
      template: {
        labels: allLabels,
        template: { ...template, containers: [{ ...template.containers[0], ...(container as JsonObject) }], ...(task as JsonObject) },
      },
    },
    overrides: { ...GOLDEN.overrides, ...(overrides as JsonObject) },
  };
}

describe("every variable of Prefect's template has the same effect as with Prefect's worker", () => {
  const secret = { secret: "s", version: "latest" };
  test.each<[string, JsonObject, object]>([
    ["none", {}, golden()],
    ["name", { name: "mine" }, golden()],
    ["env", { env: { A: "1", B: null } }, golden({ overrides: { env: { A: "1", ...MARKER } } })],
    ["labels", { labels: { Team: "Data & AI" } }, golden({ labels: { team: "data---ai" } })],
    ["command", { command: "sh -c 'echo hi'" }, golden({ container: { command: ["sh", "-c", "echo hi"] } })],
    ["region", { region: "europe-west1" }, golden({ parent: "projects/acme/locations/europe-west1" })],
    ["image", { image: "acme/etl:2" }, golden({ container: { image: "acme/etl:2" } })],
    ["args", { args: ["--fast", "a b"] }, golden({ overrides: { args: ["--fast", "a b"] } })],
    [
      "env_from_secrets",
      { env_from_secrets: { TOKEN: secret } },
      golden({ container: { env: [{ name: "TOKEN", valueSource: { secretKeyRef: secret } }] } }),
    ],
    [
      "prefect_api_key_secret",
      { prefect_api_key_secret: secret, env: { PREFECT_API_KEY: "plain" } },
      golden({ container: { env: [{ name: "PREFECT_API_KEY", valueSource: { secretKeyRef: secret } }] } }),
    ],
    [
      "prefect_api_auth_string_secret",
      { prefect_api_auth_string_secret: secret },
      golden({ container: { env: [{ name: "PREFECT_API_AUTH_STRING", valueSource: { secretKeyRef: secret } }] } }),
    ],
    [
      "cloudsql_instances",
      { cloudsql_instances: ["acme:europe-west1:db"] },
      golden({
        container: { volumeMounts: [{ name: "cloudsql", mountPath: "/cloudsql" }] },
        task: { volumes: [{ name: "cloudsql", cloudSqlInstance: { instances: ["acme:europe-west1:db"] } }] },
      }),
    ],
    ["keep_job", { keep_job: true }, golden()],
    ["launch_stage", { launch_stage: "GA" }, golden({ job: { launchStage: "GA" } })],
    ["max_retries", { max_retries: 2 }, golden({ task: { maxRetries: 2 } })],
    ["cpu", { cpu: "2", memory: "1Gi" }, golden({ container: { resources: { limits: { cpu: "2", memory: "1Gi" } } } })],
    ["memory", { memory: "1Gi" }, golden({ container: { resources: { limits: { cpu: "1000m", memory: "1Gi" } } } })],
    ["timeout", { timeout: 90 }, golden({ overrides: { timeout: 90 } })],
    ["vpc_connector_name", { vpc_connector_name: "c1" }, golden({ task: { vpcAccess: { connector: "c1" } } })],
    [
      "service_account_name",
      { service_account_name: "other@acme.iam.gserviceaccount.com" },
      golden({ task: { serviceAccount: "other@acme.iam.gserviceaccount.com" } }),
    ],
  ])("%s", (_, jobVariables, expected) => {
    const job = rendered({ service_account_name: account.runtimeAccount, ...jobVariables });
    const { jobId, ...request } = requestOf(job);
    expect(request).toEqual(expected);
    expect(jobId).toMatch(/^pp-hello-prod-[0-9a-f]{10}-[0-9a-f]{12}$/);
  });

  test("the table has every variable of the template", () => {
    const { properties } = prefectTemplate().variables as { properties: JsonObject };
    expect(Object.keys(properties).sort()).toEqual([
      "args",
      "cloudsql_instances",
      "command",
      "cpu",
      "credentials",
      "env",
      "env_from_secrets",
      "image",
      "keep_job",
      "labels",
      "launch_stage",
      "max_retries",
      "memory",
      "name",
      "prefect_api_auth_string_secret",
      "prefect_api_key_secret",
      "region",
      "service_account_name",
      "timeout",
      "vpc_connector_name",
    ]);
  });

  test("the template as a Prefect server stores it gives the same", () => {
    const given = { service_account_name: account.runtimeAccount, memory: "1Gi" };
    expect(requestOf(rendered(given, prefectTemplate("cloud-run-v2")))).toEqual(requestOf(rendered(given)));
  });
});

describe("runs with the same configuration share a Job", () => {
  const job = (over = {}) => jobOf(account, "true", over);
  test("environment, arguments and time limit belong to the run", () => {
    const one = requestOf(job({ env: { A: "1" }, timeout: 10, task: { timeout: 10 } }));
    const other = requestOf(job({ env: { A: "2" }, task: { timeout: 20 }, container: { args: ["x"] } }), {
      id: "0190b9a2-7c11-7000-8000-000000000002",
      attempt: 3,
    });
    expect(other.jobId).toBe(one.jobId);
    expect(other.job).toEqual(one.job);
  });

  test.each<[string, ValueObject]>([
    ["image", { container: { image: "acme/etl:2" } }],
    ["command", { command: "false" }],
    ["memory", { container: { resources: { limits: { cpu: "1000m", memory: "1Gi" } } } }],
    ["service account", { task: { serviceAccount: "x@acme.iam.gserviceaccount.com" } }],
    ["retries", { task: { maxRetries: 1 } }],
    ["secret", { env_from_secrets: { T: { secret: "s", version: "1" } } }],
    ["label", { labels: { team: "x" } }],
    ["region", { region: "us-east1" }],
  ])("another %s is another Job", (_, over) => {
    expect(requestOf(job(over)).jobId).not.toBe(requestOf(job()).jobId);
  });

  test("a Job's name is valid for Google, whatever the deployment's name is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), (flow, deployment) => {
        const { jobId } = requestOf({ ...job(), labels: { "prefect.io/flow-name": flow, "prefect.io/deployment-name": deployment } });
        expect(jobId).toMatch(/^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$/);
      }),
    );
  });

  test("labels are valid for Google, whatever the user's labels are", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 40 }), (labels) => {
        for (const [key, value] of Object.entries(requestOf({ ...job(), labels }).job.labels as JsonObject)) {
          expect(key).toMatch(/^[a-z][a-z0-9_-]{0,62}$/);
          expect(value).toMatch(/^[a-z0-9_-]{0,63}$/);
        }
      }),
    );
  });
});

describe("a Job per run", () => {
  test("contains everything, starts when it is created, and has the run's name", () => {
    const { jobId, job, overrides, jobPerRun } = requestOf(
      jobOf(account, "true", { env: { A: "1" }, container: { args: ["x"] }, job_per_run: true }),
    );
    expect([jobPerRun, overrides]).toEqual([true, { env: {} }]);
    expect(jobId).toBe("pp-run-0190b9a27c1170008000000000000001-1");
    expect(job).toMatchObject({
      startExecutionToken: "run",
      template: {
        template: { timeout: "600s", containers: [{ args: ["x"], env: [{ name: "A", value: "1" }, { name: "PUSHPOOL_SUBMISSION" }] }] },
      },
    });
    expect(`${jobId}-run`.length).toBeLessThan(63);
  });

  test("keep_job shows in its name", () => {
    expect(requestOf(jobOf(account, "true", { job_per_run: true, keep_job: true })).jobId).toMatch(/^pp-kept-/);
  });
});

const secretOf = (value: string) => new Secret([{ pointer: "/variables/t" }], value);
const task = (over: ValueObject): ValueObject => jobOf(account, "true", { task: over });
const container = (over: ValueObject): ValueObject => jobOf(account, "true", { container: over });
const limits = (cpu: Value, memory: Value) => container({ resources: { limits: { cpu, memory } } });

test.each<[string, ValueObject, RegExp]>([
  ["an unsupported key", { ...jobOf(account, "true"), regoin: "x" }, /^job_configuration\.regoin: .*did you mean "region"/],
  [
    "an invalid region",
    jobOf(account, "true", { region: "europe-west" }),
    /^job_configuration\.region: "europe-west" is not a region .*did you mean "europe-west1"/,
  ],
  ["an invalid cpu", limits("3", "1Gi"), /limits\.cpu: "3" is not a valid number of CPUs for Cloud Run jobs: must be one of 1, 2, 4, 6, 8/],
  ["a cpu that is not a number", limits("fast", "1Gi"), /limits\.cpu: "fast"/],
  ["memory without a unit", limits("1", "512"), /limits\.memory: "512" must be a whole number with its unit/],
  ["too much memory for the cpu", limits("1000m", "8Gi"), /limits\.memory: 1000m CPU allows at most 4Gi, not 8Gi: use cpu 2/],
  ["too little memory for the cpu", limits("4", "1Gi"), /limits\.memory: 4 CPU needs at least 2Gi, not 1Gi/],
  ["more memory than possible", limits("8", "64Gi"), /the maximum is 32Gi/],
  [
    "too long a time limit",
    task({ timeout: 604_801 }),
    /^job_configuration\.timeout: Cloud Run accepts at most 604800 seconds \(7 days\), not 604801/,
  ],
  ["a time limit of zero", task({ timeout: 0 }), /^job_configuration\.timeout: must be a number of seconds over 0/],
  ["too many retries", task({ maxRetries: 11 }), /maxRetries: Cloud Run retries a task 0 to 10 times, not 11/],
  [
    "several tasks",
    { ...jobOf(account, "true"), job_body: { template: { taskCount: 3, template: { containers: [{ image: "i" }] } } } },
    /job_body\.template\.taskCount: a flow run is one task, not 3/,
  ],
  [
    "a second container without an image",
    task({ containers: [{ name: "a", image: "i" }, { name: "b" }] }),
    /containers\[1\]\.image is missing/,
  ],
  ["an image with blanks", container({ image: "a b" }), /containers\[0\]\.image: "a b" contains spaces/],
  [
    "a field that Cloud Run does not have",
    task({ serviceAcount: "x" }),
    /template\.template\.serviceAcount: Cloud Run has no such field here: did you mean "serviceAccount"/,
  ],
  ["a field deep inside", container({ startupProbe: { httpGet: { prot: 80 } } }), /startupProbe\.httpGet\.prot: .*did you mean "port"/],
  [
    "an invalid enum value",
    task({ executionEnvironment: "GEN2" }),
    /executionEnvironment: there is no "GEN2": did you mean "EXECUTION_ENVIRONMENT_GEN2"/,
  ],
  ["a number instead of a string", container({ workingDir: 7 }), /containers\[0\]\.workingDir: must be a string, not 7/],
  ["no containers", task({ containers: [] }), /template\.template\.containers: must be a list/],
  ["no job_body", { ...jobOf(account, "true"), job_body: null }, /^job_configuration\.job_body: must be an object/],
  ["a secret in the job", container({ workingDir: secretOf("/x") }), /workingDir contains a secret \(\/variables\/t\).*env_from_secrets/],
  [
    "a secret in a Job per run",
    jobOf(account, "true", { env: { T: secretOf("x") }, job_per_run: true }),
    /env\.T contains a secret .*env_from_secrets/,
  ],
  [
    "a variable too long",
    jobOf(account, "true", { env: { BIG: "x".repeat(32_769) } }),
    /^job_configuration\.env\.BIG: it is 32769 bytes, and Cloud Run accepts at most 32768/,
  ],
  [
    "parameters too long",
    jobOf(account, "true", { env: { PUSHPOOL_PARAMETERS: "x".repeat(32_769) } }),
    /^parameters: as JSON they are 32769 bytes/,
  ],
  [
    "too many variables",
    jobOf(account, "true", { env: Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`V${n}`, ""])) }),
    /accepts at most 999 variables, not 1000/,
  ],
  [
    "a reserved variable",
    jobOf(account, "true", { env: { CLOUD_RUN_EXECUTION: "x" } }),
    /CLOUD_RUN_EXECUTION: Cloud Run reserves this name/,
  ],
  [
    "too many labels",
    jobOf(account, "true", { labels: Object.fromEntries(Array.from({ length: 63 }, (_, n) => [`l${n}`, ""])) }),
    /labels: there are 66 with those of pushpool, but Google Cloud accepts 64/,
  ],
  [
    "a secret without version",
    jobOf(account, "true", { env_from_secrets: { T: { secret: "s" } } }),
    /env_from_secrets\.T: needs "version"/,
  ],
  [
    "a variable given twice",
    jobOf(account, "true", { env: { T: "x" }, env_from_secrets: { T: { secret: "s", version: "1" } } }),
    /env\.T: env_from_secrets sets it too/,
  ],
  [
    "an invalid Cloud SQL instance",
    jobOf(account, "true", { cloudsql_instances: ["db"] }),
    /cloudsql_instances\[0\]: "db" must be project:region:instance/,
  ],
  [
    "credentials of another key",
    jobOf(account, "true", { credentials: { service_account_info: { client_email: "x@y" } } }),
    /credentials: it is the key of x@y, but runs are submitted with the work pool's key, which belongs to submitter@/,
  ],
  [
    "credentials of another project",
    jobOf(account, "true", { credentials: { project: "other" } }),
    /credentials\.project: "other" is not the project of the work pool, whose runs go to project "acme"/,
  ],
])("plan refuses %s", (_, job, message) => {
  expect(() => plan(job)).toThrow(message);
});

test("accepts values at the limits", () => {
  expect(() => plan(limits("8", "32Gi"))).not.toThrow();
  expect(() => plan(task({ timeout: 604_800, maxRetries: 10 }))).not.toThrow();
  expect(() => plan(jobOf(account, "true", { env: { BIG: "x".repeat(32_768) } }))).not.toThrow();
});

test("the pool's own time limit applies if the template has none", () => {
  const none = jobOf(account, "true", { task: { timeout: null }, timeout: null });
  expect(requestOf(none, { timeoutSeconds: 42 }).overrides.timeout).toBe(42);
  expect(requestOf(none).overrides.timeout).toBeUndefined();
});

test("without a service account, and with a secret in env, the error says so", () => {
  expect(plan(task({ serviceAccount: null })).warnings).toEqual([expect.stringMatching(/service_account_name is not set/)]);
  expect(plan(jobOf(account, "true", { env: { T: secretOf("x") } })).warnings).toEqual([expect.stringMatching(/^T: Cloud Run shows/)]);
  expect(plan(jobOf(account, "true")).warnings).toEqual([]);
});

test("no project anywhere", () => {
  expect(() => planCloudRun(jobOf(account, "true"), run, { source })).toThrow(/pools\.etl: its Google Cloud project is unknown/);
});

test.each([null, ""])("no image (%j): Prefect's base image, with a warning", (image) => {
  const { request, warnings } = planCloudRun(container({ image } as ValueObject), run, pool);
  expect(JSON.stringify(request)).toContain('"image":"prefecthq/prefect:3-latest"');
  expect(warnings).toContainEqual(expect.stringContaining("Prefect's base image prefecthq/prefect:3-latest"));
});

test("labels that become equal, and labels that pushpool sets itself, cause warnings", () => {
  const labels = { "cost.center": "a", "cost/center": "b", "managed-by": "me" };
  const { warnings } = plan(rendered({ image: "acme/etl:1", region: "europe-west1", labels }));
  expect(warnings.filter((line) => line.includes("labels"))).toEqual([
    'job_configuration.labels: "cost.center" and "cost/center" become the same label there, "cost-center": the value of "cost/center" is kept',
    'job_configuration.labels: pushpool sets the label "managed-by" itself, so your value is not used',
  ]);
});

test("a variable of the run replaces the template's from Secret Manager, with a warning", () => {
  const made = rendered({ image: "acme/etl:1", region: "europe-west1", env: { DB: "plain" } });
  const body = made.job_body as { template: { template: { containers: JsonObject[] } } };
  const secret = (name: string) => ({ name, valueSource: { secretKeyRef: { secret: name.toLowerCase(), version: "latest" } } });
  (body.template.template.containers[0] as JsonObject).env = [secret("DB"), secret("OTHER")];
  const { request, warnings } = plan(made);
  const { job: sent, overrides } = request as unknown as { job: typeof body; overrides: { env: JsonObject } };
  expect(sent.template.template.containers[0]?.env).toEqual([secret("OTHER")]);
  expect(overrides.env).toMatchObject({ DB: "plain" });
  expect(warnings).toContainEqual(expect.stringMatching(/env: the secret "DB" is not used, because the run sets env\.DB$/));
});
