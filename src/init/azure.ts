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

/** Plan a project with `azure-container-instance:push` pools, in the Azure subscription and location of the stack's configuration. */
export function planAzure(input: InitInput): InitPlan {
  return planProject(
    {
      kind: "azure",
      program,
      declared,
      dependencies: {
        "@azure/arm-containerinstance": "^9.1.0",
        "@azure/identity": "^4.14.1",
        "@pulumi/azure-native": "^3.28.0",
        "@pulumi/azuread": "^6.9.1",
      },
      needs: [
        "the Pulumi CLI (https://www.pulumi.com/docs/install/) and az",
        "an Azure subscription, and a login to it that may create applications in Microsoft Entra and assign roles",
      ],
      before: [
        "pulumi login",
        "az login",
        "az provider register --namespace Microsoft.ContainerInstance",
        "pulumi stack init dev",
        "pulumi config set azure-native:subscriptionId YOUR-SUBSCRIPTION",
        "pulumi config set azure-native:location westeurope",
      ],
      jobVariables: JOB_VARIABLES,
    },
    input,
  );
}

/** An entrypoint needs its file in the image, but a command needs only a shell. */
const JOB_VARIABLES = `      job_variables:
        # Use an image that contains flows/hello.py. Until then, this command replaces the entrypoint.
        image: mcr.microsoft.com/azurelinux/base/core:3.0
        entrypoint: ""
        command: sh -c 'echo "Hello from Azure with $PUSHPOOL_PARAMETERS"'
`;

function declared(plans: readonly PoolPlan[], common: Common): Program {
  const { image } = common;
  const about = "The runs of these pools are container groups in the stack's azure-native:subscriptionId and azure-native:location.";
  const pools = plans.map(({ name, queues }) => ({
    component: "ContainerInstancePushPool",
    name,
    args: {
      ...(image && !image.hasPrefectEntrypoint ? { jobVariables: { entrypoint: "" } } : {}),
      ...commonArguments(common, queues),
    },
  }));
  return { about, pools };
}

function program(pools: readonly PoolPlan[], common: Common): string {
  const { required, declared: line, argument } = commonLines(common);
  const { image } = common;
  // Prefect's template puts the entrypoint of Prefect's own images before each command.
  const entrypoint = image && !image.hasPrefectEntrypoint ? ['jobVariables: { entrypoint: "" }'] : [];
  const declared = pools.map(
    ({ name, queues }) =>
      `  new ContainerInstancePushPool(${[JSON.stringify(name), ...options([...argument, ...entrypoint, ...queuesArgument(queues)])].join(", ")}),`,
  );
  return `${required}const { manifest } = require("pushpool");
const { ContainerInstancePushPool } = require("pushpool/azure");
${line}
// The runs of these pools are container groups in the stack's azure-native:subscriptionId and azure-native:location. prefect.yaml names the pools.
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
