import { generateKeyPairSync, randomUUID } from "node:crypto";
import dns from "node:dns";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { JsonObject } from "../../src/json";
import { createCloudRunTarget } from "../../src/targets/cloudRun";
import { accessOf as googleAccess } from "../../src/targets/cloudRun/googleAccess";
import { createContainerInstancesTarget } from "../../src/targets/containerInstances";
import { accessOf as azureAccess } from "../../src/targets/containerInstances/azureAccess";
import { createEcsTarget } from "../../src/targets/ecs";
import type { PoolAccess, Target, TargetPlace } from "../../src/targets/target";
import { openerOver, runOf } from "./cloud/place";
import { jobOf as runJob } from "./cloudRun/place";
import { jobOf as groupJob } from "./containerInstances/place";
import { jobOf as taskJob } from "./ecs/place";

// Which host a submission goes to first, by what the pool declares: no endpoints are given, and no name is ever resolved.

afterEach(() => vi.restoreAllMocks());

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();

function poolOf(data: JsonObject, endpoints: Record<string, string> = {}): PoolAccess {
  return {
    name: "etl",
    source: { project: "data", stack: "dev" },
    endpoints,
    baseJobTemplate: { job_configuration: {}, variables: {} },
    credentials: { block: "block/etl", data },
  };
}

/** The first host that a submission looks up. */
async function firstHost(
  create: (place: Omit<TargetPlace, "home">) => Promise<Target>,
  pool: PoolAccess,
  job: ReturnType<typeof runJob>,
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const { open } = openerOver(create, pool, env);
  const target = await open();
  const stop = new AbortController();
  const found = new Promise<string>((resolve) => {
    const refuse = ((host: string, ...rest: unknown[]) => {
      resolve(host);
      stop.abort();
      const done = rest.at(-1) as (error: Error) => void;
      done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND", syscall: "getaddrinfo", hostname: host }));
    }) as unknown as typeof dns.lookup;
    vi.spyOn(dns, "lookup").mockImplementation(refuse);
  });
  const submission = target.plan(job, runOf(randomUUID()));
  const submitted = target.prepare(submission, stop.signal).then((prepared) => target.submit(prepared, stop.signal));
  const [host] = await Promise.all([found, submitted.catch(() => {})]);
  return host;
}

describe("AWS", () => {
  const aws = (region: string): JsonObject => ({ aws_access_key_id: "AKIAEXAMPLE", aws_secret_access_key: "s", region_name: region });
  const job = (partition: string, region: string) =>
    taskJob(
      {
        clusterArn: `arn:${partition}:ecs:${region}:123456789012:cluster/flows`,
        executionRoleArn: `arn:${partition}:iam::123456789012:role/execution`,
      },
      "true",
    );

  test.each([
    ["eu-central-1", "aws", "ecs.eu-central-1.amazonaws.com"],
    ["us-gov-west-1", "aws-us-gov", "ecs.us-gov-west-1.amazonaws.com"],
    ["cn-north-1", "aws-cn", "ecs.cn-north-1.amazonaws.com.cn"],
    ["eusc-de-east-1", "aws-eusc", "ecs.eusc-de-east-1.amazonaws.eu"],
    ["us-iso-east-1", "aws-iso", "ecs.us-iso-east-1.c2s.ic.gov"],
  ])("%s", async (region, partition, host) => {
    expect(await firstHost(createEcsTarget, poolOf(aws(region)), job(partition, region))).toBe(host);
  });
});

describe("Google Cloud", () => {
  const key = (universe?: string): JsonObject => ({
    project: "acme",
    service_account_info: {
      type: "service_account",
      client_email: "push@acme.iam.gserviceaccount.com",
      private_key: pem,
      ...(universe === undefined ? {} : { universe_domain: universe }),
    },
  });
  const job = runJob({ runtimeAccount: "runs@acme.iam.gserviceaccount.com" }, "true");

  test.each([
    [undefined, "run.googleapis.com", "logging.googleapis.com"],
    ["googleapis.com", "run.googleapis.com", "logging.googleapis.com"],
    ["apis-s3ns.fr", "run.apis-s3ns.fr", "logging.apis-s3ns.fr"],
  ])("a key of the universe %s", async (universe, host, logging) => {
    expect(await firstHost(createCloudRunTarget, poolOf(key(universe)), job)).toBe(host);
    expect((await googleAccess(poolOf(key(universe)), {})).endpoints.logging.host).toBe(logging);
  });

  test("endpoints of the pool go over it", async () => {
    const pool = poolOf(key("apis-s3ns.fr"), { run: "https://run.acme.internal" });
    expect(await firstHost(createCloudRunTarget, pool, job)).toBe("run.acme.internal");
  });

  test("for one's own login, the universe of Google's variable counts", async () => {
    const ambient = { ...poolOf({ project: "acme" }), ambient: true };
    const { endpoints, universeDomain } = await googleAccess(ambient, { GOOGLE_CLOUD_UNIVERSE_DOMAIN: "apis-s3ns.fr" });
    expect([endpoints.run.host, universeDomain]).toEqual(["run.apis-s3ns.fr", "apis-s3ns.fr"]);
  });
});

describe("Azure", () => {
  const azure = (authority?: string): JsonObject => ({
    client_id: randomUUID(),
    tenant_id: randomUUID(),
    client_secret: "s",
    ...(authority === undefined ? {} : { credential_kwargs: { authority } }),
  });

  test.each([
    [undefined, "login.microsoftonline.com", "https://management.azure.com", "https://api.loganalytics.io"],
    ["login.microsoftonline.us", "login.microsoftonline.us", "https://management.usgovcloudapi.net", "https://api.loganalytics.us"],
    [
      "https://login.chinacloudapi.cn/",
      // Azure's library knows it as another name of this host.
      "login.partner.microsoftonline.cn",
      "https://management.chinacloudapi.cn",
      "https://api.loganalytics.azure.cn",
    ],
  ])("the authority %s: where one logs in, and for what its tokens are", async (authority, login, management, logs) => {
    const pool = poolOf(azure(authority));
    expect(await firstHost(createContainerInstancesTarget, pool, groupJob("true"))).toBe(login);
    expect(azureAccess(pool, {})).toMatchObject({
      endpoints: { management, logs },
      scopes: { management: `${management}/.default`, logs: `${logs}/.default` },
    });
  });
});
