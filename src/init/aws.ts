import { type InitInput, type InitPlan, type PoolPlan, planProject, queuesArgument } from "./files";

/** A project of `ecs:push` pools, in the region of AWS that the stack's configuration names. */
export function planAws(input: InitInput): InitPlan {
  return planProject(
    {
      kind: "aws",
      program,
      dependencies: {
        "@aws-sdk/client-cloudwatch-logs": "^3.1169.0",
        "@aws-sdk/client-ecs": "^3.1164.0",
        "@aws-sdk/client-ssm": "^3.1169.0",
        "@pulumi/aws": "^7.48.0",
      },
      needs: [
        "the Pulumi CLI (https://www.pulumi.com/docs/install/)",
        "an AWS account, and a login to it (for example by `aws configure sso`)",
      ],
      before: ["pulumi login", "pulumi stack init dev", "pulumi config set aws:region eu-west-1"],
      jobVariables: JOB_VARIABLES,
    },
    input,
  );
}

/** The entrypoint's file has to be in the image; a command needs nothing there but a shell. */
const JOB_VARIABLES = `      job_variables:
        # An image with flows/hello.py in it. This command stands for the entrypoint until there is one.
        image: public.ecr.aws/docker/library/alpine:3
        command: sh -c 'echo "Hello from ECS with $PUSHPOOL_PARAMETERS"'
`;

function program(pools: readonly PoolPlan[]): string {
  const shared = pools.length > 1;
  const ids = idsOf(pools);
  const declared = pools.map((pool, index) => declaration(pool, ids[index] ?? pool.name, shared));
  return `const { manifest } = require("pushpool");
const { ${["EcsPushPool", ...(shared ? ["TaskCluster", "TaskNetwork"] : [])].join(", ")} } = require("pushpool/aws");
${shared ? SHARED : ""}
// Their runs are tasks of ECS on Fargate, in the stack's aws:region. prefect.yaml refers to them by name.
const pools = [
${declared.join("\n")}
];

// pushpool finds the pools by this output.
exports.pushPools = manifest({ pools });
`;
}

const SHARED = `
// One network for all: an account may have five VPCs in a region.
const { vpcId, subnetIds, securityGroupId } = new TaskNetwork("runs");
const { arn: clusterArn } = new TaskCluster("runs");
const place = { clusterArn, vpcId, subnetIds, securityGroupIds: [securityGroupId], assignPublicIp: true };
`;

function declaration({ name, queues }: PoolPlan, id: string, shared: boolean): string {
  const given = [
    ...(shared ? ["...place"] : []),
    ...(id === name ? [] : [`workPoolName: ${JSON.stringify(name)}`]),
    ...queuesArgument(queues),
  ];
  return `  new EcsPushPool(${[JSON.stringify(id), ...(given.length > 0 ? [`{ ${given.join(", ")} }`] : [])].join(", ")}),`;
}

/** What the pools' components are called, in their order: a part of names in AWS, which takes fewer characters than Prefect. */
function idsOf(pools: readonly PoolPlan[]): string[] {
  const ids: string[] = [];
  for (const { name } of pools) {
    const fitting = name
      .replaceAll(/[^A-Za-z0-9_-]+/g, "-")
      .replace(/^(?![A-Za-z])|^(?=sg-)/i, "pool-")
      .slice(0, 36);
    let id = fitting;
    for (let again = 2; ids.includes(id); again++) id = `${fitting}-${again}`;
    ids.push(id);
  }
  return ids;
}
