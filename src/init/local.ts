import { type InitInput, type InitPlan, type PoolPlan, planProject, queuesArgument } from "./files";

/** A project of `process:push` pools: runs are processes of the machine that submits them, in the project's folder. */
export function planLocal(input: InitInput): InitPlan {
  return planProject({ kind: "local", program, dependencies: {}, before: [], needs: [] }, input);
}

function program(pools: readonly PoolPlan[]): string {
  const declared = pools.map(({ name, queues }) => {
    const options = ["jobVariables: { working_dir: __dirname }", ...queuesArgument(queues)];
    return `  new ProcessPushPool(${JSON.stringify(name)}, { ${options.join(", ")} }),`;
  });
  return `const { manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");

// Their runs are processes of the machine that submits them, in this folder. prefect.yaml refers to them by name.
const pools = [
${declared.join("\n")}
];

// pushpool finds the pools by this output.
exports.pushPools = manifest({ pools });
`;
}
