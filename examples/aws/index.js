const pulumi = require("@pulumi/pulumi");
const { Deployment, manifest } = require("pushpool");
const { EcsPushPool, Permissions } = require("pushpool/aws");

const config = new pulumi.Config();

// Runs are ECS tasks on Fargate in the stack's aws:region, in their own network without inbound rules.
const etl = new EcsPushPool("etl", {
  permissions: Permissions.LeastPrivilege,
  concurrencyLimit: 10,
  imageRepository: true,
  // The permissions of the flows. Their code finds this login automatically.
  taskPolicyArns: config.getObject("taskPolicyArns") ?? [],
  jobVariables: { image: "public.ecr.aws/docker/library/alpine:3", cpu: 256, memory: 512 },
  // Addresses of AWS' services, for private endpoints and emulators. Without it, the public ones.
  endpoints: config.getObject("endpoints"),
});

// A deployment can be declared here as well as in prefect.yaml.
const hello = new Deployment("hello/shell", {
  workPoolName: etl.workPoolName,
  command: `sh -c 'echo "Hello with $PUSHPOOL_PARAMETERS"'`,
  parameters: { name: "Ada" },
});

// An output for other programs and scripts: `pulumi stack output imageRepository`.
exports.imageRepository = etl.imageRepository;
exports.clusterArn = etl.clusterArn;
exports.executionRoleArn = etl.executionRoleArn;
exports.taskRoleArn = etl.taskRoleArn;
exports.vpcId = etl.vpcId;
exports.pushPools = manifest({ pools: [etl], deployments: [hello] });
