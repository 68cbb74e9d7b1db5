const pulumi = require("@pulumi/pulumi");
const { Deployment, manifest } = require("pushpool");
const { EcsPushPool, Permissions } = require("pushpool/aws");

const config = new pulumi.Config();

// Runs are tasks of ECS on Fargate in the stack's aws:region, in a network of their own that nothing gets into.
const etl = new EcsPushPool("etl", {
  permissions: Permissions.LeastPrivilege,
  concurrencyLimit: 10,
  imageRepository: true,
  // What flows themselves may do; their code finds this login by itself.
  taskPolicyArns: config.getObject("taskPolicyArns") ?? [],
  jobVariables: { image: "public.ecr.aws/docker/library/alpine:3", cpu: 256, memory: 512 },
  // Where AWS' services are, for private endpoints and emulators; without it, where they always are.
  endpoints: config.getObject("endpoints"),
});

// A deployment can be declared here as well as in prefect.yaml.
const hello = new Deployment("hello/shell", {
  workPoolName: etl.workPoolName,
  command: `sh -c 'echo "Hello with $PUSHPOOL_PARAMETERS"'`,
  parameters: { name: "Ada" },
});

// What other programs and scripts may need: `pulumi stack output imageRepository`.
exports.imageRepository = etl.imageRepository;
exports.clusterArn = etl.clusterArn;
exports.executionRoleArn = etl.executionRoleArn;
exports.taskRoleArn = etl.taskRoleArn;
exports.vpcId = etl.vpcId;
exports.pushPools = manifest({ pools: [etl], deployments: [hello] });
