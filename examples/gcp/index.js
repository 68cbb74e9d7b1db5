const pulumi = require("@pulumi/pulumi");
const { Deployment, manifest } = require("pushpool");
const { CloudRunPushPool, Permissions } = require("pushpool/gcp");

const config = new pulumi.Config();

// Runs are executions of Cloud Run jobs in the stack's gcp:project and gcp:region, with a service account that has no other permissions.
const etl = new CloudRunPushPool("etl", {
  permissions: Permissions.LeastPrivilege,
  concurrencyLimit: 10,
  jobVariables: { image: "alpine:3", timeout: 300 },
  // Addresses of Google's services, for private endpoints and emulators. Without it, the public ones.
  endpoints: config.getObject("endpoints"),
});

// A deployment can be declared here as well as in prefect.yaml.
const hello = new Deployment("hello/shell", {
  workPoolName: etl.workPoolName,
  command: `sh -c 'echo "Hello with $PUSHPOOL_PARAMETERS"'`,
  parameters: { name: "Ada" },
});

exports.runtimeServiceAccount = etl.runtimeServiceAccount;
exports.pushPools = manifest({ pools: [etl], deployments: [hello] });
