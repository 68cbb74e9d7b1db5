import { type InitInput, type InitPlan, type PoolPlan, planProject, queuesArgument } from "./files";

/** A project of `cloud-run-v2:push` pools, in the project and region of Google Cloud that the stack's configuration names. */
export function planGcp(input: InitInput): InitPlan {
  return planProject(
    {
      kind: "gcp",
      program,
      dependencies: { "@google-cloud/run": "^4.2.0", "@pulumi/gcp": "^9.37.0", "google-auth-library": "^11.3.4" },
      needs: ["the Pulumi CLI (https://www.pulumi.com/docs/install/) and gcloud", "a Google Cloud project with billing"],
      before: [
        "pulumi login",
        "gcloud auth application-default login",
        "gcloud services enable run.googleapis.com iam.googleapis.com cloudresourcemanager.googleapis.com logging.googleapis.com --project YOUR-PROJECT",
        "pulumi stack init dev",
        "pulumi config set gcp:project YOUR-PROJECT",
        "pulumi config set gcp:region europe-west1",
      ],
      jobVariables: JOB_VARIABLES,
    },
    input,
  );
}

/** The entrypoint's file has to be in the image; a command needs nothing there but a shell. */
const JOB_VARIABLES = `      job_variables:
        # An image with flows/hello.py in it. This command stands for the entrypoint until there is one.
        image: alpine:3
        command: sh -c 'echo "Hello from Cloud Run with $PUSHPOOL_PARAMETERS"'
`;

function program(pools: readonly PoolPlan[]): string {
  const declared = pools.map(({ name, queues }) => `  new CloudRunPushPool(${[JSON.stringify(name), ...options(queues)].join(", ")}),`);
  return `const { manifest } = require("pushpool");
const { CloudRunPushPool } = require("pushpool/gcp");

// Their runs are executions of Cloud Run jobs, in the stack's gcp:project and gcp:region. prefect.yaml refers to them by name.
const pools = [
${declared.join("\n")}
];

// pushpool finds the pools by this output.
exports.pushPools = manifest({ pools });
`;
}

function options(queues: readonly string[]): string[] {
  const given = queuesArgument(queues);
  return given.length > 0 ? [`{ ${given.join(", ")} }`] : [];
}
