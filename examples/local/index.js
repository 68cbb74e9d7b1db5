const { Deployment, manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");

// Runs are processes of this machine, at most four at a time, in this folder.
const pool = new ProcessPushPool("local", { concurrencyLimit: 4, jobVariables: { working_dir: __dirname } });
const { workPoolName } = pool;

const node = new Deployment("hello/node", {
  workPoolName,
  description: "A node script that greets someone, a few times",
  command: "node flows/hello.mjs",
  parameters: { name: "Ada", times: 3 },
  parameterSchema: {
    type: "object",
    properties: { name: { type: "string" }, times: { type: "integer", minimum: 1 } },
    required: ["name"],
    additionalProperties: false,
  },
});

const shell = new Deployment("disk/usage", {
  workPoolName,
  description: "A shell command, as it is",
  command: `sh -c 'echo "in $(basename "$PWD"):"; du -sh flows'`,
  tags: ["housekeeping"],
});

const failing = new Deployment("hello/failing", {
  workPoolName,
  description: "One that fails, with its reason on stderr and exit code 3",
  command: `sh -c 'echo "cannot reach the database" >&2; exit 3'`,
});

exports.pushPools = manifest({ pools: [pool], deployments: [node, shell, failing] });
