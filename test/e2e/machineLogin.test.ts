import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { request } from "node:https";
import { expect, onTestFinished, test } from "vitest";
import { startFakeAws, startFakeAzure, startFakeGoogleCloud } from "../../src/testing";
import { ecsManifest, ecsPlace } from "./clouds/aws";
import { aciManifest, aciPlace } from "./clouds/azure";
import type { RunningPlace } from "./clouds/cloud";
import { cloudManifest, cloudRunPlace } from "./clouds/gcp";

// Ambient credentials on a machine of the cloud: the cloud's own library gets a token from the machine's metadata service. The service here
// answers as the vendors document it, and only to requests with the header that they demand.

const COMMANDS = { "hello/prod": "echo hello" };

/** @returns the service's address, as `host:port` */
async function metadata(answer: (path: string, request: IncomingMessage, response: ServerResponse) => unknown): Promise<string> {
  const server = createServer(async (request, response) => {
    const said = await answer(request.url ?? "", request, response);
    if (said === undefined) response.statusCode = 404;
    response.end(typeof said === "object" ? JSON.stringify(said) : String(said ?? ""));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

async function runs(place: RunningPlace): Promise<void> {
  const { status, stdout, stderr } = await place.run("run", "hello/prod", "--credentials", "ambient");
  expect([status, stdout, stderr]).toEqual([0, "hello\n", expect.any(String)]);
}

test("Google Cloud: the service account of the machine", async () => {
  const google = await startFakeGoogleCloud();
  onTestFinished(() => google.stop());
  const key = google.serviceAccountKey("machine");
  const asked: string[] = [];
  // https://cloud.google.com/compute/docs/access/authenticate-workloads
  const host = await metadata((path, { headers }, response) => {
    if (headers["metadata-flavor"] !== "Google") return undefined;
    response.setHeader("Metadata-Flavor", "Google");
    response.setHeader("Content-Type", path.includes("/token") ? "application/json" : "application/text");
    if (path === "/computeMetadata/v1/instance") return "id";
    if (!path.startsWith("/computeMetadata/v1/instance/service-accounts/default/token")) return undefined;
    asked.push(path);
    const { accessToken } = google.world.issueToken(`serviceAccount:${key.client_email}`, 3600);
    return { access_token: accessToken, expires_in: 3599, token_type: "Bearer" };
  });
  const place = cloudRunPlace(cloudManifest(google, key, COMMANDS));
  Object.assign(place.env, { GCE_METADATA_HOST: host });
  await runs(place);
  expect(asked.length).toBeGreaterThan(0);
});

test("AWS: the role of the machine", async () => {
  const aws = await startFakeAws();
  onTestFinished(() => aws.stop());
  const { iam } = aws.world;
  const role = iam.addRole("machine", ["ec2.amazonaws.com"]);
  iam.attach(role, "AmazonECS_FullAccess");
  const { key, token, expires } = iam.addSession(role, "i-0123456789abcdef0", 3600);
  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html (IMDSv2)
  const host = await metadata((path, { method, headers }) => {
    if (path === "/latest/api/token") return method === "PUT" && headers["x-aws-ec2-metadata-token-ttl-seconds"] ? "session" : undefined;
    if (headers["x-aws-ec2-metadata-token"] !== "session") return undefined;
    if (path === "/latest/meta-data/iam/security-credentials/") return "machine";
    if (path !== "/latest/meta-data/iam/security-credentials/machine") return undefined;
    const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } = key;
    const Expiration = new Date(expires).toISOString();
    return {
      Code: "Success",
      LastUpdated: new Date().toISOString(),
      Type: "AWS-HMAC",
      AccessKeyId,
      SecretAccessKey,
      Token: token,
      Expiration,
    };
  });
  const place = ecsPlace(ecsManifest(aws, aws.accessKey("submitter"), COMMANDS));
  delete place.env.AWS_EC2_METADATA_DISABLED;
  Object.assign(place.env, { AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://${host}` });
  await runs(place);
  expect(new Set(aws.calls.map(({ accessKeyId }) => accessKeyId))).toEqual(new Set([key.accessKeyId]));
});

test("Azure: the managed identity of the machine", async () => {
  const azure = await startFakeAzure();
  onTestFinished(() => azure.stop());
  const machine = azure.client("machine");
  /** The fake has no token service for identities, so the machine logs in as its principal. */
  const tokenFor = (resource: string) =>
    new Promise<{ access_token: string }>((resolve, reject) => {
      const scope = `${resource.replace(/\/$/, "")}/.default`;
      const { client_id, client_secret, tenant_id } = machine;
      const url = `${azure.endpoints.login}/${tenant_id}/oauth2/v2.0/token`;
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const sent = request(url, { method: "POST", ca: azure.ca, headers }, async (response) =>
        resolve(JSON.parse((await response.toArray()).join("")) as { access_token: string }),
      );
      sent.on("error", reject);
      sent.end(new URLSearchParams({ grant_type: "client_credentials", client_id, client_secret, scope }).toString());
    });
  const asked: string[] = [];
  // https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
  const host = await metadata(async (path, { headers }, response) => {
    const { pathname, searchParams } = new URL(path, "http://here");
    const resource = searchParams.get("resource");
    response.setHeader("Content-Type", "application/json");
    if (!/^\/metadata\/identity\/oauth2\/token\/?$/.test(pathname) || headers.metadata !== "true" || !resource) return undefined;
    asked.push(resource);
    const { access_token } = await tokenFor(resource);
    const expires_on = String(Math.floor(Date.now() / 1000) + 3599);
    return {
      access_token,
      client_id: machine.client_id,
      expires_in: "3599",
      expires_on,
      ext_expires_in: "3599",
      resource,
      token_type: "Bearer",
    };
  });
  const place = aciPlace(aciManifest(azure, azure.client("submitter"), COMMANDS));
  Object.assign(place.env, { AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://${host}`, NODE_EXTRA_CA_CERTS: azure.caFile });
  await runs(place);
  expect(new Set(asked)).toEqual(new Set(["https://management.azure.com"]));
  const callers = azure.calls.flatMap(({ action, caller }) => (action.startsWith("entra/") ? [] : [caller]));
  expect(new Set(callers)).toEqual(new Set([machine.object_id]));
});
