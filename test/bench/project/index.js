const { Deployment, manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");

const pool = new ProcessPushPool("local");
const nothing = new Deployment("bench/true", { workPoolName: pool.workPoolName, command: "true" });
exports.pushPools = manifest({ pools: [pool], deployments: [nothing] });
