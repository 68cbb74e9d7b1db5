const { Deployment, manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");

const pool = new ProcessPushPool("local", {
  concurrencyLimit: 4,
  jobVariables: { working_dir: __dirname },
});

const workPoolName = pool.workPoolName;

// A node script: it reads its parameters from the environment.
const node = new Deployment("hello/node", {
  workPoolName,
  command: "node flows/hello.mjs",
  description: "Greets someone, a few times.",
  parameters: { name: "Ada", times: 3 },
  parameterSchema: {
    type: "object",
    properties: { name: { type: "string" }, times: { type: "integer", minimum: 1 } },
    required: ["name"],
    additionalProperties: false,
  },
});

// A shell command, as it is.
const shell = new Deployment("disk/usage", {
  workPoolName,
  command: `sh -c 'echo "in $(pwd):"; ls -l flows'`,
  tags: ["housekeeping"],
});

// One that fails, and says why.
const failing = new Deployment("hello/failing", {
  workPoolName,
  command: `sh -c 'echo "cannot reach the database" >&2; exit 3'`,
});

exports.pushPools = manifest({ pools: [pool], deployments: [node, shell, failing] });
