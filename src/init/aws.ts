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
import type { Given, Program, Shared } from "./languages";

/** Plan a project with `ecs:push` pools, in the AWS region of the stack's configuration. */
export function planAws(input: InitInput): InitPlan {
  return planProject(
    {
      kind: "aws",
      program,
      declared,
      dependencies: {
        "@aws-sdk/client-cloudwatch-logs": "^3.1169.0",
        "@aws-sdk/client-ecs": "^3.1164.0",
        "@aws-sdk/client-ssm": "^3.1169.0",
        "@pulumi/aws": "^7.48.0",
      },
      needs: [
        "the Pulumi CLI (https://www.pulumi.com/docs/install/)",
        "an AWS account, and a login to it (for example with `aws configure sso`)",
      ],
      before: ["pulumi login", "pulumi stack init dev", "pulumi config set aws:region eu-west-1"],
      jobVariables: JOB_VARIABLES,
    },
    input,
  );
}

/** An entrypoint needs its file in the image, but a command needs only a shell. */
const JOB_VARIABLES = `      job_variables:
        # Use an image that contains flows/hello.py. Until then, this command replaces the entrypoint.
        image: public.ecr.aws/docker/library/alpine:3
        command: sh -c 'echo "Hello from ECS with $PUSHPOOL_PARAMETERS"'
`;

function program(pools: readonly PoolPlan[], common: Common): string {
  const { required, declared: line, argument } = commonLines(common);
  const shared = pools.length > 1;
  const ids = idsOf(pools);
  const declared = pools.map((pool, index) => declaration(pool, ids[index] ?? pool.name, shared, argument));
  return `${required}const { manifest } = require("pushpool");
const { ${["EcsPushPool", ...(shared ? ["TaskCluster", "TaskNetwork"] : [])].join(", ")} } = require("pushpool/aws");
${shared ? SHARED : ""}${line}
// The runs of these pools are ECS tasks on Fargate, in the stack's aws:region. prefect.yaml names the pools.
const pools = [
${declared.join("\n")}
];

// pushpool finds the pools in this output.
exports.pushPools = manifest({ pools });
`;
}

function declared(plans: readonly PoolPlan[], common: Common): Program {
  const about = "The runs of these pools are ECS tasks on Fargate, in the stack's aws:region.";
  const ids = idsOf(plans);
  const pools = plans.map(({ name, queues }, index) => {
    const id = ids[index] ?? name;
    const own: Record<string, Given> = id === name ? {} : { workPoolName: name };
    return { component: "EcsPushPool", name: id, args: { ...own, ...commonArguments(common, queues) } };
  });
  return { about, pools, ...(plans.length > 1 ? { shared: SHARED_PLACE } : {}) };
}

const WHY_SHARED = "All pools share one network, because AWS allows five VPCs in a region by default.";

const SHARED_PLACE: Shared = {
  about: WHY_SHARED,
  components: [
    { id: "network", component: "TaskNetwork", name: "runs", args: {} },
    { id: "cluster", component: "TaskCluster", name: "runs", args: {} },
  ],
  args: {
    clusterArn: { of: "cluster", output: "arn" },
    vpcId: { of: "network", output: "vpcId" },
    // A network has two subnets. The list itself would be one output, which the first preview does not know.
    subnetIds: [0, 1].map((item) => ({ of: "network", output: "subnetIds", item })),
    securityGroupIds: [{ of: "network", output: "securityGroupId" }],
    assignPublicIp: true,
  },
};

const SHARED = `
// ${WHY_SHARED}
const { vpcId, subnetIds, securityGroupId } = new TaskNetwork("runs");
const { arn: clusterArn } = new TaskCluster("runs");
const place = { clusterArn, vpcId, subnetIds, securityGroupIds: [securityGroupId], assignPublicIp: true };
`;

function declaration({ name, queues }: PoolPlan, id: string, shared: boolean, image: readonly string[]): string {
  const given = [
    ...(shared ? ["...place"] : []),
    ...image,
    ...(id === name ? [] : [`workPoolName: ${JSON.stringify(name)}`]),
    ...queuesArgument(queues),
  ];
  return `  new EcsPushPool(${[JSON.stringify(id), ...(given.length > 0 ? [`{ ${given.join(", ")} }`] : [])].join(", ")}),`;
}

/** The names of the pools' components, in the same order. They become part of AWS names, which allow fewer characters than Prefect. */
function idsOf(pools: readonly PoolPlan[]): string[] {
  const ids: string[] = [];
  for (const { name } of pools) {
    const valid = name
      .replaceAll(/[^A-Za-z0-9_-]+/g, "-")
      .replace(/^(?![A-Za-z])|^(?=sg-)/i, "pool-")
      .slice(0, 36);
    let id = valid;
    for (let number = 2; ids.includes(id); number++) id = `${valid}-${number}`;
    ids.push(id);
  }
  return ids;
}
