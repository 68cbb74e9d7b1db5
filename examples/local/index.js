const { Deployment, FlowRun, manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");

// Runs are processes on this machine, at most four at a time, in this folder. prefect.yaml refers to the pool by its name.
const pool = new ProcessPushPool("local", { concurrencyLimit: 4, jobVariables: { working_dir: __dirname } });

// A deployment can be declared here as well as in prefect.yaml.
const usage = new Deployment("disk/usage", {
  workPoolName: pool.workPoolName,
  description: "A shell command, as it is",
  command: `sh -c 'echo "in $(basename "$PWD"):"; du -sh flows'`,
  tags: ["housekeeping"],
});

// A run as part of `up`: once, and again when a trigger changes. If it fails, `up` fails.
const smoke = new FlowRun("smoke", { pool: pool.definition, deployment: usage.definition, triggers: ["1.0"] });

exports.pushPools = manifest({ pools: [pool], deployments: [usage] });
exports.smoke = smoke.state;
