const pulumi = require("@pulumi/pulumi");
const { Deployment, manifest } = require("pushpool");
const { CloudRunPushPool, Permissions } = require("pushpool/gcp");

const config = new pulumi.Config();

// Runs are executions of Cloud Run jobs in the stack's gcp:project and gcp:region, as a service account that may do nothing else.
const etl = new CloudRunPushPool("etl", {
  permissions: Permissions.LeastPrivilege,
  concurrencyLimit: 10,
  jobVariables: { image: "alpine:3", timeout: 300 },
  // Where Google's services are, for private endpoints and emulators; without it, where they always are.
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
