import {
  type Common,
  commonArguments,
  commonLines,
  type InitInput,
  type InitPlan,
  type PoolPlan,
  planProject,
  queuesArgument,
} from "./files";
import type { Program } from "./languages";

/** Plan a project with `cloud-run-v2:push` pools, in the Google Cloud project and region of the stack's configuration. */
export function planGcp(input: InitInput): InitPlan {
  return planProject(
    {
      kind: "gcp",
      program,
      declared,
      dependencies: { "@google-cloud/run": "^4.2.0", "@pulumi/gcp": "^9.37.0", "google-auth-library": "^11.3.4" },
      needs: ["the Pulumi CLI (https://www.pulumi.com/docs/install/) and gcloud", "a Google Cloud project with billing"],
      before: [
        "pulumi login",
        "gcloud auth application-default login",
        `gcloud services enable ${[...APIS, ...(input.login === "federated" ? TOKEN_APIS : [])].join(" ")} --project YOUR-PROJECT`,
        "pulumi stack init dev",
        "pulumi config set gcp:project YOUR-PROJECT",
        "pulumi config set gcp:region europe-west1",
      ],
      jobVariables: JOB_VARIABLES,
    },
    input,
  );
}

const APIS = ["run", "iam", "cloudresourcemanager", "logging", "artifactregistry"].map((api) => `${api}.googleapis.com`);
/** Those that exchange an identity token. */
const TOKEN_APIS = ["sts", "iamcredentials"].map((api) => `${api}.googleapis.com`);

/** An entrypoint needs its file in the image, but a command needs only a shell. */
const JOB_VARIABLES = `      job_variables:
        # Use an image that contains flows/hello.py. Until then, this command replaces the entrypoint.
        image: alpine:3
        command: sh -c 'echo "Hello from Cloud Run with $PUSHPOOL_PARAMETERS"'
`;

function declared(plans: readonly PoolPlan[], common: Common): Program {
  const about = "The runs of these pools are executions of Cloud Run jobs, in the stack's gcp:project and gcp:region.";
  const pools = plans.map(({ name, queues }) => ({
    component: "CloudRunPushPool",
    name,
    args: commonArguments(common, queues),
  }));
  return { about, pools };
}

function program(pools: readonly PoolPlan[], common: Common): string {
  const { required, declared: line, argument } = commonLines(common);
  const declared = pools.map(
    ({ name, queues }) =>
      `  new CloudRunPushPool(${[JSON.stringify(name), ...options([...argument, ...queuesArgument(queues)])].join(", ")}),`,
  );
  return `${required}const { manifest } = require("pushpool");
const { CloudRunPushPool } = require("pushpool/gcp");
${line}
// The runs of these pools are executions of Cloud Run jobs, in the stack's gcp:project and gcp:region. prefect.yaml names the pools.
const pools = [
${declared.join("\n")}
];

// pushpool finds the pools in this output.
exports.pushPools = manifest({ pools });
`;
}

function options(given: readonly string[]): string[] {
  return given.length > 0 ? [`{ ${given.join(", ")} }`] : [];
}
