import { type InspectedFlows, importFlows, inspectEntrypoints } from "../entrypoint";
import type { FlowFacts } from "../prefectYaml";

/** Reads the flows of entrypoints, each once. */
export interface FlowReader {
  /** Read the flows of these entrypoints, all together. */
  read(entrypoints: readonly (string | null)[]): Promise<void>;
  /** The flow of an entrypoint, or why there is none; `undefined` without an entrypoint. */
  of(entrypoint: string | null): FlowFacts | { fault: string } | undefined;
}

/**
 * @param options.imports whether to import the flows too, if Python has Prefect
 * @param notes gets a line for what could not be read
 */
export function flowReader(options: { cwd: string; env: NodeJS.ProcessEnv; imports: boolean }, notes: string[]): FlowReader {
  const { cwd, env, imports } = options;
  const known: InspectedFlows["flows"] = new Map();
  return {
    read: async (entrypoints) => {
      const asked = entrypoints.filter((entrypoint): entrypoint is string => entrypoint !== null && !known.has(entrypoint));
      const { flows, pythonMissing } = await inspectEntrypoints(asked, { cwd, env });
      if (imports && !pythonMissing) notes.push(...(await importOver(flows, options)));
      if (pythonMissing) notes.push("python3 is not on PATH: each flow gets the name of its function, and parameters are not checked");
      for (const [entrypoint, flow] of flows) known.set(entrypoint, flow);
    },
    of: (entrypoint) => (entrypoint === null ? undefined : known.get(entrypoint)),
  };
}

/**
 * Replace what the code says by what importing the flows finds.
 * @returns a line for each flow that cannot be imported, or one line if Prefect is not installed
 */
async function importOver(flows: InspectedFlows["flows"], place: { cwd: string; env: NodeJS.ProcessEnv }): Promise<string[]> {
  const seen = [...flows].flatMap(([entrypoint, flow]) => ("fault" in flow ? [] : [[entrypoint, flow] as const]));
  const imported = await importFlows(
    seen.map(([entrypoint]) => entrypoint),
    place,
  );
  if (!imported) return ["python3 has no Prefect: flows and their parameters are read from the code, without importing it"];
  return seen.flatMap(([entrypoint, flow]) => {
    const found = imported.get(entrypoint);
    if (found && !("fault" in found)) {
      const { flowName, description, version, parameterSchema } = found;
      flows.set(entrypoint, {
        ...flow,
        flowName,
        parameterSchema,
        ...(description === null ? {} : { description }),
        ...(version === null ? {} : { version }),
      });
      return [];
    }
    if (flow.isFlow === false)
      flows.set(entrypoint, { fault: `${entrypoint} is not a flow, and a Prefect API runs only flows: decorate it with Prefect's @flow` });
    return [`${entrypoint} cannot be imported (${found?.fault}): its name and parameters are read from its code`];
  });
}
