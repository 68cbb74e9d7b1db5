// A pool that builds an image, compared with the same resources declared directly. Nothing is built: these are previews.
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { comparePools, root } from "./pools.mjs";

const require = createRequire(import.meta.url);
const { defaultTemplate } = require(join(root, "lib", "src", "template"));

const POOLS = 20;

const OURS = (context) => `
const { manifest } = require("pushpool");
const { CloudRunPushPool } = require("pushpool/gcp");
const pools = [];
for (let n = 0; n < ${POOLS}; n++) pools.push(new CloudRunPushPool("pool" + n, { project: "acme", region: "europe-west1", credentials: "ambient", image: { context: ${JSON.stringify(context)} } }));
exports.pushPools = manifest({ pools });
`;

/** What a user would write for the same result: an account, a repository and an image for each pool, and the template. */
const BARE = (context) => `
const pulumi = require("@pulumi/pulumi");
const { Account } = require("@pulumi/gcp/serviceaccount");
const { Repository } = require("@pulumi/gcp/artifactregistry");
const { getClientConfigOutput } = require("@pulumi/gcp/organizations/getClientConfig");
const { Image } = require("@pulumi/docker-build");
const template = ${JSON.stringify(defaultTemplate("cloud-run-v2:push"))};
const project = "acme";
exports.pools = {};
for (let n = 0; n < ${POOLS}; n++) {
  const run = new Account("run" + n, { project, accountId: "pool-run-" + n, displayName: "Runs flows: " + n });
  const made = new Repository("images" + n, { project, location: "europe-west1", repositoryId: "images" + n, format: "DOCKER" });
  const name = pulumi.interpolate\`europe-west1-docker.pkg.dev/\${project}/\${made.repositoryId}/flows\`;
  const password = pulumi.secret(getClientConfigOutput({}).accessToken);
  const image = new Image("image" + n, {
    context: { location: ${JSON.stringify(context)} }, dockerfile: { location: ${JSON.stringify(`${context}/Dockerfile`)} }, platforms: ["linux/amd64"], push: true,
    buildOnPreview: false, tags: [pulumi.interpolate\`\${name}:latest\`],
    registries: [{ address: "europe-west1-docker.pkg.dev", username: "oauth2accesstoken", password }],
  });
  const properties = { ...template.variables.properties };
  for (const [key, value] of [["region", "europe-west1"], ["image", pulumi.interpolate\`\${name}@\${image.digest}\`], ["service_account_name", run.email]])
    properties[key] = { ...properties[key], default: value };
  exports.pools["pool" + n] = { baseJobTemplate: { ...template, variables: { ...template.variables, properties } } };
}
`;

const PROVIDERS = `
const { dockerBuildProvider, gcpProvider, serveProvider } = require("pushpool/testing");
const providers = { gcp: gcpProvider({ url: "http://127.0.0.1:1", ownerToken: () => "" }), "docker-build": dockerBuildProvider({ registries: [] }) };
Promise.all(Object.entries(providers).map(async ([name, one]) => [name, (await serveProvider(one)).port])).then((all) => process.send(Object.fromEntries(all)));
`;

/** @param bench its `report` takes a row of the table of `npm run bench` */
export async function benchImages(bench) {
  const context = join(bench.scratch, "context");
  mkdirSync(context);
  writeFileSync(join(context, "Dockerfile"), "FROM python:3.12-slim\nCOPY . .\n");
  for (let n = 0; n < 50; n++) writeFileSync(join(context, `flow${n}.py`), `print(${n})\n`.repeat(100));
  await comparePools(bench, {
    cloud: "gcp",
    called: "Cloud Run image",
    pools: POOLS,
    modules: [
      "artifactregistry",
      "compute",
      "organizations/getClientConfig",
      "projects",
      "secretmanager",
      "serviceaccount",
      "vpcaccess",
    ].map((name) => `@pulumi/gcp/${name}`),
    ours: OURS(context),
    bare: BARE(context),
    providers: PROVIDERS,
  });
}
