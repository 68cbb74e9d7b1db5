const pulumi = require("@pulumi/pulumi");
const { Deployment, manifest } = require("pushpool");
const { Credentials, EcsPushPool } = require("pushpool/aws");

const config = new pulumi.Config();

// With a repository in the stack's configuration, its GitHub Actions jobs on main submit runs, and the pool has no key.
// Without one, the pool has a key, and `pushpool up` replaces it every 90 days.
const repository = config.get("repository");
const login = repository
  ? { credentials: Credentials.Federated, federation: { github: { repository, branch: "main" } } }
  : { keyRotation: { everyDays: 90, overlapDays: 7 } };

// Runs are ECS tasks on Fargate in the stack's aws:region.
const etl = new EcsPushPool("etl", {
  ...login,
  jobVariables: { image: "public.ecr.aws/docker/library/alpine:3", cpu: 256, memory: 512 },
  // Addresses of the cloud's services, for private endpoints and emulators. Without it, the public ones.
  endpoints: config.getObject("endpoints"),
});

const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: "echo Hello" });

exports.pushPools = manifest({ pools: [etl], deployments: [hello] });
