import { deployedName, spellings } from "../deploymentName";
import { inspectEntrypoints } from "../entrypoint";
import { few, suggestion } from "../nearest";
import { flowsOf, isMeant, type LoadedDeployment, type PrefectYaml, resolveDeployment, type Surroundings } from "../prefectYaml";
import { UserError } from "../userError";

/** What says which deployments are meant. */
interface Choice {
  names: readonly string[];
  all: boolean;
  folder: string;
  env: NodeJS.ProcessEnv;
}

interface Chosen {
  deployments: LoadedDeployment[];
  /** Whether one that could not be read was meant. */
  wants(index: number): boolean;
  /** Whether all of the file is meant. */
  isAll: boolean;
}

/**
 * The deployments of a file that are meant: all of them, or those that the names mean, or the only one there is.
 * @throws {UserError} if a name means none, or nothing says which of several
 */
export async function choose(
  { names, all, folder, env }: Choice,
  file: PrefectYaml,
  around: Surroundings,
  notes: string[],
): Promise<Chosen> {
  const nameless = file.deployments.filter(({ config }) => !config.name);
  const able = file.deployments.filter(({ config }) => config.name);
  const everything = able.length + file.problems.length;
  if (all || (names.length === 0 && everything <= 1)) {
    for (const { line } of nameless) notes.push(`${file.file}:${line}: a deployment without a name was left out`);
    if (able.length === 0 && file.problems.length === 0) throw new UserError(`${file.file}: there is no deployment with a name in it`);
    return { deployments: able, wants: () => true, isAll: true };
  }
  const known = able.map(({ config }) => config.name as string);
  if (names.length === 0)
    throw new UserError(`${file.file} has ${everything} deployments: name those you mean (${few(known)}), or use --all`);

  // A flow's real name is in its code: looked for only where a name asks for one.
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
