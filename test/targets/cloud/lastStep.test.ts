import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { JsonObject } from "../../../src/json";
import type { Federation } from "../../../src/model/federation";
import { createCloudRunTarget } from "../../../src/targets/cloudRun";
import { openRunApi } from "../../../src/targets/cloudRun/cloudRunApi";
import { accessOf as googleAccess } from "../../../src/targets/cloudRun/googleAccess";
import { openAciApi } from "../../../src/targets/containerInstances/aciApi";
import { accessOf as azureAccess } from "../../../src/targets/containerInstances/azureAccess";
import { accessOf as awsAccess } from "../../../src/targets/ecs/awsAccess";
import { openEcsApi } from "../../../src/targets/ecs/ecsApi";
import type { PoolAccess } from "../../../src/targets/target";
import { startFakeAws, startFakeAzure, startFakeGoogleCloud, startFakeIssuer } from "../../../src/testing";
import { awsApi } from "../../../src/testing/providers/aws/awsApi";
import { googleApi } from "../../../src/testing/providers/gcp/googleApi";
import { scratch } from "../../scratch";
import { until } from "../../until";
import * as cloudRun from "../cloudRun/place";
import * as aci from "../containerInstances/place";
import * as ecs from "../ecs/place";
import { memoryNotes } from "./memoryNotes";
import { never, runOf } from "./place";

// A process says that it sends a run right before it does. Whatever the login takes, it takes before. Claims are short here.

vi.mock("../../../src/targets/cloud/calls", async (original) => ({ ...(await original<object>()), CALL_TIMEOUT: 3_000 }));

const listener = { tell: () => {} };
const env = (variable: string, value: string) => {
  const before = process.env[variable];
  process.env[variable] = value;
  onTestFinished(() => {
    if (before === undefined) delete process.env[variable];
    else process.env[variable] = before;
  });
};

/** An API, with a call that sends something, and the calls that its cloud has had. */
interface Sender {
  send(lastStep: () => Promise<void>): Promise<unknown>;
  calls(): string[];
  /** End the sessions, if that is possible. */
  end?(): void;
}

/** A Google Cloud that trusts an issuer, and the configuration of a login with its tokens. */
async function trusting() {
  const issuer = await startFakeIssuer();
  const google = await startFakeGoogleCloud({ issuers: { [issuer.issuer]: issuer.url }, grace: 1_000 });
  onTestFinished(() => Promise.all([google.stop(), issuer.stop()]) as unknown as Promise<void>);
  const account = google.serviceAccountKey("submitter").client_email;
  const api = googleApi(google.url, google.ownerToken);
  const pools = "/v1/projects/acme/locations/global/workloadIdentityPools";
  await api.call("POST", `${pools}?workloadIdentityPoolId=jobs`, {});
  await api.call("POST", `${pools}/jobs/providers?workloadIdentityPoolProviderId=runner`, {
    attributeMapping: { "google.subject": "assertion.sub" },
    oidc: { issuerUri: issuer.issuer },
  });
  const name = String((await api.get(`${pools}/jobs/providers/runner`))?.name);
  const principal = `principal://iam.googleapis.com/${name.replace(/\/providers.*/, "")}/subject/ci`;
  google.world.iam.bind(`serviceAccounts/${account}`, "roles/iam.workloadIdentityUser", principal);
  const externalAccount = {
    type: "external_account",
    audience: `//iam.googleapis.com/${name}`,
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: `${google.url}/v1/token`,
    service_account_impersonation_url: `${google.url}/v1/projects/-/serviceAccounts/${account}:generateAccessToken`,
  };
  const token = () => issuer.token({ sub: "ci", aud: `https://iam.googleapis.com/${name}` });
  return { google, externalAccount, token };
}

async function onGoogle(pool: PoolAccess, google: Awaited<ReturnType<typeof startFakeGoogleCloud>>): Promise<Sender> {
  const access = await googleAccess(pool, {});
  const api = openRunApi(access, memoryNotes(), listener);
  await googleApi(google.url, google.ownerToken).call("POST", "/v2/projects/acme/locations/europe-west1/jobs?jobId=j", {
    template: { template: { containers: [{ image: "acme/etl:1" }], serviceAccount: google.runtimeAccount } },
  });
  await until(() => [...google.world.jobs.values()].length > 0);
  await new Promise((done) => setTimeout(done, 100));
  google.calls.length = 0;
  return {
    send: (lastStep) => api.runJob("projects/acme/locations/europe-west1/jobs/j", { env: {} }, { lastStep }),
    calls: () => google.calls.map(({ method }) => method),
    end: () => google.endTokens(),
  };
}

const definition = { family: "f", containerDefinitions: [{ name: "prefect", image: "acme/etl:1", essential: true }] };

async function onAws(login: "key" | "role" | "ambient"): Promise<Sender> {
  const aws = await startFakeAws({ simulated: true });
  onTestFinished(() => aws.stop());
  const key = aws.accessKey("submitter");
  let data: JsonObject = { region_name: aws.region };
  if (login === "ambient") {
    env("AWS_ACCESS_KEY_ID", key.accessKeyId);
    env("AWS_SECRET_ACCESS_KEY", key.secretAccessKey);
  } else data = { ...data, aws_access_key_id: key.accessKeyId, aws_secret_access_key: key.secretAccessKey };
  if (login === "role") {
    const Principal = { AWS: `arn:aws:iam::${aws.account}:user/submitter` };
    const trust = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal, Action: "sts:AssumeRole" }] };
    const { iam } = awsApi(aws);
    await iam("CreateRole", { RoleName: "submit", AssumeRolePolicyDocument: JSON.stringify(trust) });
    await iam("AttachRolePolicy", { RoleName: "submit", PolicyArn: "arn:aws:iam::aws:policy/AmazonECS_FullAccess" });
    data.assume_role_arn = `arn:aws:iam::${aws.account}:role/submit`;
  }
  const pool = ecs.poolOf(aws, key, { credentials: { block: "aws-credentials/etl", data } });
  const api = openEcsApi(awsAccess(pool, {}), memoryNotes(), listener);
  aws.calls.length = 0;
  return { send: (lastStep) => api.registerTaskDefinition(definition, { lastStep }), calls: () => aws.calls.map(({ action }) => action) };
}

const group = {
  location: "westeurope",
  osType: "Linux",
  restartPolicy: "Never",
  containers: [{ name: "a", image: "acme/etl:1", command: ["true"], resources: { requests: { cpu: 1, memoryInGB: 1 } } }],
};

const SENDERS: Record<string, () => Promise<Sender>> = {
  "Cloud Run, a key": async () => {
    const google = await startFakeGoogleCloud();
    onTestFinished(() => google.stop());
    return onGoogle(cloudRun.poolOf(google, google.serviceAccountKey("submitter")), google);
  },
  "Cloud Run, an identity token": async () => {
    const { google, externalAccount, token } = await trusting();
    const file = `${scratch()}/token`;
    writeFileSync(file, token());
    const data = { project: "acme", service_account_info: { ...externalAccount, credential_source: { file } } };
    const endpoints = { ...google.endpoints, sts: google.url, iamcredentials: google.url };
    return onGoogle(cloudRun.poolOf(google, {}, { endpoints, credentials: { block: "gcp-credentials/etl", data } }), google);
  },
  "Cloud Run, the caller's own login": async () => {
    const { google, externalAccount, token } = await trusting();
    const [file, login] = [`${scratch()}/token`, `${scratch()}/login.json`];
    writeFileSync(file, token());
    writeFileSync(login, JSON.stringify({ ...externalAccount, credential_source: { file } }));
    env("GOOGLE_APPLICATION_CREDENTIALS", login);
    return onGoogle(
      cloudRun.poolOf(google, {}, { ambient: true, credentials: { block: "gcp-credentials/etl", data: { project: "acme" } } }),
      google,
    );
  },
  "ECS, a key": () => onAws("key"),
  "ECS, a role": () => onAws("role"),
  "ECS, the caller's own login": () => onAws("ambient"),
  "Container Instances": async () => {
    const azure = await startFakeAzure({ simulated: true });
    onTestFinished(() => azure.stop());
    aci.trust(azure);
    const pool = aci.poolOf(azure, azure.client("submitter"));
    const api = openAciApi(azureAccess(pool, {}), memoryNotes(), listener);
    const name = { subscription: azure.subscription, resourceGroup: azure.resourceGroup, group: "a" };
    azure.calls.length = 0;
    return {
      send: (lastStep) => api.create(name, { ...group, location: azure.location }, { lastStep }),
      calls: () => azure.calls.map(({ action }) => action),
    };
  },
};

describe.each(Object.entries(SENDERS))("%s", (login, open) => {
  test("the last step comes after the login, and right before the request", async () => {
    const { send, calls, end } = await open();
    const before: number[] = [];
    const lastStep = async () => void before.push(calls().length);
    await send(lastStep);
    expect(before).toEqual([calls().length - 1]);
    if (!end || login === "Cloud Run, a key") return;
    // A token that is refused before its end: the request is sent again with a new one.
    end();
    before.length = 0;
    const first = calls().length;
    await send(lastStep).catch(() => {});
    expect(before[0]).toBe(first);
    expect(before.at(-1)).toBe(calls().length - 1);
  });

  test("if it fails, nothing is sent, and its error stays as it is", async () => {
    const { send, calls } = await open();
    const error = new Error("another process does it");
    const failing = async () => {
      throw error;
    };
    await expect(send(failing)).rejects.toBe(error);
    const sent = calls().filter((call) => /jobs\.run|RegisterTaskDefinition|containerGroups\/write/.test(call));
    expect(sent).toEqual([]);
  });
});

test("a login that outlasts the claim: another process sends the run meanwhile, and only that one", async () => {
  const { google, externalAccount, token } = await trusting();
  let slow = true;
  const { createServer } = await import("node:http");
  const source = createServer((_, reply) => void setTimeout(() => reply.end(token()), slow ? 9_000 : 0)).listen(0, "127.0.0.1");
  onTestFinished(() => void source.close());
  await until(() => source.listening);
  const url = `http://127.0.0.1:${(source.address() as { port: number }).port}`;
  const federation: Federation = {
    ...{ issuer: "i", audience: "a", subjects: ["ci"], actsAs: "submitter@acme.iam.gserviceaccount.com", externalAccount },
    token: { from: "url", url },
  };
  const pool = cloudRun.poolOf(
    google,
    {},
    {
      endpoints: { ...google.endpoints, sts: google.url, iamcredentials: google.url },
      credentials: { block: "gcp-credentials/etl", data: { project: "acme" }, federation },
    },
  );
  const notes = memoryNotes();
  const open = () => createCloudRunTarget({ env: cloudRun.QUICK, notes, digestKey: () => Buffer.alloc(0), pool: async () => pool });
  const [first, second] = [await open(), await open()];
  const submission = first.plan(cloudRun.jobOf(google, "true"), runOf(randomUUID()));
  slow = false;
  const prepared = await second.prepare(submission, never);
  slow = true;
  const sent = first.submit(prepared, never);
  // The claim holds for 3.4 s here.
  await new Promise((done) => setTimeout(done, 200));
  const ids = [await second.submit(prepared, never), await sent];
  expect([new Set(ids).size, google.world.executions.size]).toEqual([1, 1]);
});
