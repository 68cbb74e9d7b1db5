const pulumi = require("@pulumi/pulumi");
const { Deployment, manifest } = require("pushpool");
const { ContainerInstancePushPool, Permissions } = require("pushpool/azure");

const config = new pulumi.Config();

// Runs are container groups in a resource group of the pool's own, in the stack's azure-native:subscriptionId and azure-native:location.
const etl = new ContainerInstancePushPool("etl", {
  permissions: Permissions.LeastPrivilege,
  concurrencyLimit: 10,
  // A registry for the flows' images, and an identity by which runs read it.
  imageRepository: true,
  // An image without Prefect's entrypoint, which the template would put in front of the command.
  jobVariables: { image: "mcr.microsoft.com/azurelinux/base/core:3.0", entrypoint: "" },
  // Addresses of Azure's services, for private endpoints and emulators. Without it, the public ones.
  endpoints: config.getObject("endpoints"),
});

// A deployment can be declared here as well as in prefect.yaml.
const hello = new Deployment("hello/shell", {
  workPoolName: etl.workPoolName,
  command: `sh -c 'echo "Hello with $PUSHPOOL_PARAMETERS"'`,
  parameters: { name: "Ada" },
});

exports.resourceGroupName = etl.resourceGroupName;
exports.imageRepository = etl.imageRepository;
exports.secretEndsAt = etl.secretEndsAt;
exports.pushPools = manifest({ pools: [etl], deployments: [hello] });
