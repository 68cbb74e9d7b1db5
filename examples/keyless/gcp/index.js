const pulumi = require("@pulumi/pulumi");
const { Deployment, manifest } = require("pushpool");
const { CloudRunPushPool, Credentials } = require("pushpool/gcp");

const config = new pulumi.Config();

// With a repository in the stack's configuration, its GitHub Actions jobs on main submit runs, and the pool has no key.
// Without one, the pool has a key, and `pushpool up` replaces it every 90 days.
const repository = config.get("repository");
const login = repository
  ? { credentials: Credentials.Federated, federation: { github: { repository, branch: "main" } } }
  : { keyRotation: { everyDays: 90, overlapDays: 7 } };

// Runs are executions of Cloud Run jobs in the stack's gcp:project and gcp:region.
const etl = new CloudRunPushPool("etl", {
  ...login,
  jobVariables: { image: "alpine:3" },
  // Addresses of the cloud's services, for private endpoints and emulators. Without it, the public ones.
  endpoints: config.getObject("endpoints"),
});

const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: "echo Hello" });

exports.pushPools = manifest({ pools: [etl], deployments: [hello] });
