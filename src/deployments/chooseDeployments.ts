import { deployedName, spellings } from "../deploymentName";
import { inspectEntrypoints } from "../entrypoint";
import { few, suggestion } from "../nearest";
import { flowsOf, isMeant, type LoadedDeployment, type PlaceholderValues, type PrefectYaml, resolveDeployment } from "../prefectYaml";
import { UserError } from "../userError";

/** The names or the flag that select deployments, and what is needed to compare names. */
interface Choice {
  names: readonly string[];
  all: boolean;
  folder: string;
  env: NodeJS.ProcessEnv;
}

interface Chosen {
  deployments: LoadedDeployment[];
  /** Whether the selection includes this invalid entry of the file. */
  wants(index: number): boolean;
  /** Whether every deployment of the file is selected. */
  isAll: boolean;
}

/**
 * Select deployments of a file: all, those with the given names, or the only one.
 * @throws {UserError} if a name matches none, or the file has several and nothing selects one
 */
export async function chooseDeployments(
  { names, all, folder, env }: Choice,
  file: PrefectYaml,
  around: PlaceholderValues,
  notes: string[],
): Promise<Chosen> {
  const nameless = file.deployments.filter(({ config }) => !config.name);
  const able = file.deployments.filter(({ config }) => config.name);
  const everything = able.length + file.problems.length;
  if (all || (names.length === 0 && everything <= 1)) {
    for (const { line } of nameless) notes.push(`${file.file}:${line}: a deployment without a name was skipped`);
    if (able.length === 0 && file.problems.length === 0) throw new UserError(`${file.file}: it has no deployment with a name`);
    return { deployments: able, wants: () => true, isAll: true };
  }
  const known = able.map(({ config }) => config.name as string);
  if (names.length === 0) throw new UserError(`${file.file} has ${everything} deployments: give their names (${few(known)}), or use --all`);

  // A flow's real name is in its code. Inspect the code only if a name contains a flow.
  const withFlows = names.some((name) => name.includes("/"));
  const flows = withFlows
    ? (
        await inspectEntrypoints(
          able.flatMap(({ config }) => config.entrypoint ?? []),
          { cwd: folder, env },
        )
      ).flows
    : undefined;
  const candidates = able.map((deployment) => {
    const { name, entrypoint, flow_name: given } = deployment.config;
    const outcome = (name as string).includes("{{") ? resolveDeployment(deployment, file, around) : undefined;
    const flow = entrypoint ? flows?.get(entrypoint) : undefined;
    return {
      deployment,
      meant: {
        names: [name as string, deployedName(name as string), ...(outcome && "name" in outcome ? [outcome.name] : [])],
        flows: [...flowsOf(entrypoint), ...(flow && "flowName" in flow ? [flow.flowName] : []), ...(!entrypoint && given ? [given] : [])],
      },
    };
  });
  const bad = file.problems
    .filter(({ name }) => name !== undefined)
    .map(({ index, name }) => ({ index, meant: { names: [name as string], flows: ["*"] } }));
  const wanted = new Set<number>();
  for (const name of names) {
    const all = [...candidates.map(({ deployment, meant }) => ({ index: deployment.index, meant })), ...bad];
    const exact = all.filter(({ meant }) => isMeant(name, meant));
    const found = exact.length > 0 ? exact : all.filter(({ meant }) => isMeant(spellings(name)[1], meant));
    if (found.length === 0)
      throw new UserError(
        `${file.file} has no deployment "${name}": ${suggestion(name.split("/").at(-1) ?? name, known) || "it has none"}`,
      );
    for (const { index } of found) wanted.add(index);
  }
  return { deployments: able.filter(({ index }) => wanted.has(index)), wants: (index) => wanted.has(index), isAll: false };
}
