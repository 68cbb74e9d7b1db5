// What Cloud Run pools cost beside the same resources of Pulumi's provider declared bare: a preview of 100 of them, and the import.
import { spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compare } from "./measure.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
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

/** What a person would write with the same outcome: six resources a pool, and what of them others need, its template included. */
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

const MOCKED = `
const pulumi = require("@pulumi/pulumi");
pulumi.runtime.setMocks({ newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: () => ({}) });
pulumi.runtime.runInPulumiStack(async () => require("./index.js"));
`;

const PROVIDER = `
const { gcpProvider, serveProvider } = require("pushpool/testing");
serveProvider(gcpProvider({ url: "http://127.0.0.1:1", ownerToken: () => "" })).then(({ port }) => process.send(port));
`;

function projectOf(scratch, name, program) {
  const dir = join(scratch, name);
  mkdirSync(dir);
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  writeFileSync(join(dir, "Pulumi.yaml"), `name: ${name}\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n`);
  writeFileSync(join(dir, "index.js"), program);
  writeFileSync(join(dir, "mocked.js"), MOCKED);
  return dir;
}

/** @param report takes a row of the table of `npm run bench` */
export async function benchGcpPools({ scratch, env, report }) {
  const node = process.execPath;
  const against = ({ ours, theirs }) => `${ours.toFixed(0)} ms against ${theirs.toFixed(0)} ms`;
  const times = ({ ratio }) => `${ratio.toFixed(2)}x`;
  // As an engine runs programs: compiled code is kept.
  const inRoot = { cwd: root, env: { ...env, NODE_COMPILE_CACHE: join(scratch, "compiled") } };

  const imports = compare(
    [node, "-e", `require("pushpool/gcp")`],
    [
      node,
      "-e",
      ["artifactregistry", "compute", "projects", "secretmanager", "serviceaccount", "vpcaccess"]
        .map((part) => `require("@pulumi/gcp/${part}")`)
        .join(";"),
    ],
    inRoot,
  );
  report("import of pushpool/gcp against @pulumi/gcp's submodules alone", against(imports), times(imports), "<= 1.2x");

  // The programs by themselves: every resource is answered at once.
  const [ours, bare] = [projectOf(scratch, "ours", OURS), projectOf(scratch, "bare", BARE)];
  const alone = compare([node, join(ours, "mocked.js")], [node, join(bare, "mocked.js")], inRoot, 9);
  report(`a program of ${POOLS} Cloud Run pools against the same resources bare`, against(alone), times(alone), "<= 1.2x");

  const provider = await served();
  const engine = { ...inRoot, env: { ...inRoot.env, PULUMI_DEBUG_PROVIDERS: `gcp:${provider.port}`, PULUMI_CONFIG_PASSPHRASE: "x" } };
  const preview = (dir) => [node, join(root, "bin", "pushpool.cjs"), "-C", dir, "preview", "--engine", "offline"];
  const previews = compare(preview(ours), preview(bare), engine, 3);
  provider.stop();
  report(`preview of ${POOLS} Cloud Run pools against the same resources bare`, against(previews), times(previews), "");
}

/** The stand-in provider in a process of its own. In a preview it makes no call: there is no cloud behind it. */
async function served() {
  const child = spawn(process.execPath, ["-e", PROVIDER], { cwd: root, stdio: ["pipe", "inherit", "inherit", "ipc"] });
  const port = await new Promise((resolve) => child.once("message", resolve));
  return { port, stop: () => child.kill() };
}
