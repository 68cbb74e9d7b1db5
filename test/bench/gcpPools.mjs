// Cloud Run pools compared with the same resources declared directly.
import { createRequire } from "node:module";
import { join } from "node:path";
import { comparePools, root } from "./pools.mjs";

const require = createRequire(import.meta.url);
const { defaultTemplate } = require(join(root, "lib", "src", "template"));

const POOLS = 100;

const OURS = `
const { manifest } = require("pushpool");
const { CloudRunPushPool } = require("pushpool/gcp");
const pools = [];
for (let n = 0; n < ${POOLS}; n++) pools.push(new CloudRunPushPool("pool" + n, { project: "acme", region: "europe-west1", jobVariables: { image: "acme/etl:1" } }));
exports.pushPools = manifest({ pools });
`;

/** What a user would write for the same result: six resources for each pool, their dependencies, and the template. */
const BARE = `
const pulumi = require("@pulumi/pulumi");
const { Account, IAMMember: AccountMember, Key } = require("@pulumi/gcp/serviceaccount");
const { IAMMember } = require("@pulumi/gcp/projects");
const template = ${JSON.stringify(defaultTemplate("cloud-run-v2:push"))};
const project = "acme";
exports.pools = {};
for (let n = 0; n < ${POOLS}; n++) {
  const run = new Account("run" + n, { project, accountId: "pool-run-" + n, displayName: "Runs flows: " + n });
  const push = new Account("push" + n, { project, accountId: "pool-push-" + n, displayName: "Submits flow runs: " + n });
  const member = pulumi.interpolate\`serviceAccount:\${push.email}\`;
  const developer = new IAMMember("developer" + n, { project, role: "roles/run.developer", member });
  const logs = new IAMMember("logs" + n, { project, role: "roles/logging.viewer", member });
  const serviceAccountId = pulumi.interpolate\`projects/\${project}/serviceAccounts/\${run.email}\`;
  const act = new AccountMember("act" + n, { serviceAccountId, role: "roles/iam.serviceAccountUser", member });
  const of = pulumi.interpolate\`projects/\${project}/serviceAccounts/\${push.email}\`;
  const key = new Key("key" + n, { serviceAccountId: of }, { dependsOn: [developer, logs, act] });
  const properties = { ...template.variables.properties };
  for (const [name, value] of [["region", "europe-west1"], ["image", "acme/etl:1"], ["service_account_name", run.email]])
    properties[name] = { ...properties[name], default: value };
  exports.pools["pool" + n] = {
    baseJobTemplate: { ...template, variables: { ...template.variables, properties } },
    block: { createdAt: key.validAfter, data: { project, service_account_info: pulumi.secret(key.privateKey.apply((text) => text && JSON.parse(Buffer.from(text, "base64")))) } },
  };
}
`;

const PROVIDERS = `
const { gcpProvider, serveProvider } = require("pushpool/testing");
serveProvider(gcpProvider({ url: "http://127.0.0.1:1", ownerToken: () => "" })).then(({ port }) => process.send({ gcp: port }));
`;

/** @param bench its `report` takes a row of the table of `npm run bench` */
export async function benchGcpPools(bench) {
  await comparePools(bench, {
    cloud: "gcp",
    called: "Cloud Run",
    pools: POOLS,
    modules: ["artifactregistry", "compute", "projects", "secretmanager", "serviceaccount", "vpcaccess"].map(
      (name) => `@pulumi/gcp/${name}`,
    ),
    ours: OURS,
    bare: BARE,
    // In a preview they make no calls: there is no cloud.
    providers: PROVIDERS,
  });
}
