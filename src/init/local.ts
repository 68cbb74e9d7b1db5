import { commonArguments, type InitInput, type InitPlan, type PoolPlan, planProject, queuesArgument } from "./files";
import type { Program } from "./languages";

/** Plan a project with `process:push` pools. Runs are processes of the machine that submits them, in the folder of the project. */
export function planLocal(input: InitInput): InitPlan {
  return planProject({ kind: "local", program, declared, dependencies: {}, before: [], needs: [], noImage: true }, input);
}

function declared(plans: readonly PoolPlan[]): Program {
  const about = "The runs of these pools are processes of the machine that submits them, in this folder.";
  const pools = plans.map(({ name, queues }) => ({
    component: "ProcessPushPool",
    name,
    args: { jobVariables: { working_dir: { here: true as const } }, ...commonArguments({}, queues) },
  }));
  return { about, pools };
}

function program(pools: readonly PoolPlan[]): string {
  const declared = pools.map(({ name, queues }) => {
    const options = ["jobVariables: { working_dir: __dirname }", ...queuesArgument(queues)];
    return `  new ProcessPushPool(${JSON.stringify(name)}, { ${options.join(", ")} }),`;
  });
  return `const { manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");

// The runs of these pools are processes of the machine that submits them, in this folder. prefect.yaml names the pools.
const pools = [
${declared.join("\n")}
];

// pushpool finds the pools in this output.
exports.pushPools = manifest({ pools });
`;
}
