const pulumi = require("@pulumi/pulumi");
const { Deployment, manifest } = require("pushpool");
const { ContainerInstancePushPool, Credentials } = require("pushpool/azure");

const config = new pulumi.Config();

// With a repository in the stack's configuration, its GitHub Actions jobs on main submit runs, and the pool has no key.
// Without one, the pool has a key, and `pushpool up` replaces it every 90 days.
const repository = config.get("repository");
const login = repository
  ? { credentials: Credentials.Federated, federation: { github: { repository, branch: "main" } } }
  : { keyRotation: { everyDays: 90, overlapDays: 7 } };

// Runs are container groups in the stack's azure-native:subscriptionId and azure-native:location.
const etl = new ContainerInstancePushPool("etl", {
  ...login,
  // An image without Prefect's entrypoint, which the template would put in front of the command.
  jobVariables: { image: "mcr.microsoft.com/azurelinux/base/core:3.0", entrypoint: "" },
  // Addresses of the cloud's services, for private endpoints and emulators. Without it, the public ones.
  endpoints: config.getObject("endpoints"),
});

const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: "echo Hello" });

exports.pushPools = manifest({ pools: [etl], deployments: [hello] });
