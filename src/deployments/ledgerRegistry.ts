import type { Ledger } from "../ledger";
import type { LoadedManifest } from "../manifest";
import { compareDeployments } from "./diff";
import type { DeploymentRegistry } from "./registry";
import { planRemoval } from "./remove";

/** The ledger, where there is no Prefect API. It writes all of a file's deployments or none. */
export function ledgerRegistry({ manifest, stack, origin }: LoadedManifest, ledger: Ledger): DeploymentRegistry {
  const { pools, blocks, variables, deployments } = manifest;
  return {
    stack,
    name: `stack ${stack}`,
    declared: new Set(Object.keys(deployments)),
    place: async () => ({ pools, blocks, variables, origin }),
    schedules: false,
    imports: false,
    compare: async (records) => {
      const names = records.map(({ name }) => name);
      const before = new Map((await ledger.deployments(stack, names)).map((record) => [record.name, record]));
      return records.map((record) => ({ ...compareDeployments(before.get(record.name), record), warnings: [] }));
    },
    shown: ({ name, definition, kept }) => ({ name, ...definition, ...kept }) as ReturnType<DeploymentRegistry["shown"]>,
    write: (records) => ledger.changeDeployments(stack, { put: records }),
    planRemoval: async (names) => {
      const there = (await ledger.deployments(stack)).map(({ name, definition }) => ({ name, workPool: definition.workPool.name }));
      return planRemoval(names, there, { declared: deployments, stack, origin });
    },
    remove: (names) => ledger.changeDeployments(stack, { remove: names }),
  };
}
