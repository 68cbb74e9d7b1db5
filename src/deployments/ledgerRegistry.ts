import { spellings } from "../deploymentName";
import type { Ledger } from "../ledger";
import type { LoadedManifest } from "../manifest";
import { compareDeployments } from "./deploymentDiff";
import type { DeploymentRegistry } from "./registry";
import { planRemoval } from "./remove";

/** The registry in the ledger, for stacks without a Prefect API. It writes all of a file's deployments or none. */
export function ledgerRegistry({ manifest, stack, origin }: LoadedManifest, ledger: Ledger): DeploymentRegistry {
  const { pools, blocks, variables, deployments } = manifest;
  /** Deployments stored by a version that kept `.py` in names, by their new names. */
  const earlier = new Map<string, string>();
  return {
    stack,
    name: `stack ${stack}`,
    declared: new Set(Object.keys(deployments)),
    place: async () => ({ pools, blocks, variables, origin }),
    prefectEnv: {},
    versions: "none",
    schedules: false,
    automations: false,
    slas: false,
    imports: false,
    compare: async (records) => {
      const names = new Set(records.map(({ name }) => name));
      const there = await ledger.deployments(stack, [...names].flatMap(spellings));
      const before = new Map(there.map((record) => [record.name, record]));
      return records.map((record) => {
        const [name, older] = spellings(record.name);
        const stored = before.get(name) ?? (older.endsWith(".py") && !names.has(older) ? before.get(older) : undefined);
        const change = compareDeployments(stored, record);
        if (!stored || stored.name === name) return { ...change, warnings: [] };
        earlier.set(name, stored.name);
        return { ...change, change: "update", changes: [{ path: "name", from: stored.name, to: name }, ...change.changes], warnings: [] };
      });
    },
    shown: ({ name, definition, kept }) => ({ name, ...definition, ...kept }) as ReturnType<DeploymentRegistry["shown"]>,
    write: async (records) => {
      const put = records.map(({ said: _, ...record }) => record);
      await ledger.changeDeployments(stack, { put, remove: records.flatMap(({ name }) => earlier.get(name) ?? []) });
      return [];
    },
    cameFrom: async (file) => (await ledger.deployments(stack)).filter((record) => record.file === file).map(({ name }) => name),
    planRemoval: async (names) => {
      const there = (await ledger.deployments(stack)).map(({ name, definition }) => ({ name, workPool: definition.workPool.name }));
      return planRemoval(names, there, { declared: deployments, stack, origin });
    },
    remove: (names) => ledger.changeDeployments(stack, { remove: names }),
  };
}
