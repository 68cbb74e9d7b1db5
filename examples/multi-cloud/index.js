const pulumi = require("@pulumi/pulumi");
const { manifest } = require("pushpool");
const { EcsPushPool } = require("pushpool/aws");
const { ContainerInstancePushPool } = require("pushpool/azure");
const { CloudRunPushPool } = require("pushpool/gcp");
const { ProcessPushPool } = require("pushpool/local");

const config = new pulumi.Config();

// One pool a place. Each has the defaults of its place: the image, the size, and what the flow hears of where it is.
const local = new ProcessPushPool("local", { jobVariables: { working_dir: __dirname, env: { PLACE: "this machine" } } });

const cloudRun = new CloudRunPushPool("cloud-run", {
  jobVariables: { image: "alpine:3", env: { PLACE: "Google Cloud Run" } },
  // Addresses of the cloud's services, for private endpoints and emulators. Without them, the public ones.
  endpoints: config.getObject("gcpEndpoints"),
});

const ecs = new EcsPushPool("ecs", {
  jobVariables: { image: "public.ecr.aws/docker/library/alpine:3", cpu: 256, memory: 512, env: { PLACE: "AWS ECS" } },
  endpoints: config.getObject("awsEndpoints"),
});

const containers = new ContainerInstancePushPool("containers", {
  jobVariables: {
    image: "docker.io/library/alpine:3",
    entrypoint: "",
    cpu: 1,
    memory: 1,
    env: { PLACE: "Azure Container Instances" },
  },
  endpoints: config.getObject("azureEndpoints"),
});

exports.pushPools = manifest({ pools: [local, cloudRun, ecs, containers] });
