import { deployedName } from "../deploymentName";
import type { PrefectYaml } from "../prefectYaml";
import { pieces } from "../template/placeholders";

/**
 * Which of the deployments that came from a file are no longer in it.
 * @param came their names, `<flow name>/<deployment name>`
 * @param planned names of the deployments that the file has now
 * @param bad names of entries with problems, as the file has them; `undefined`: one without a name
 */
export function noLongerThere(
  came: readonly string[],
  file: PrefectYaml,
  planned: ReadonlySet<string>,
  bad: readonly (string | undefined)[],
): string[] {
  // The flow of an entry with problems is not known, and a placeholder stands for any text: each may be what came from the file.
  if (bad.includes(undefined)) return [];
  const templated = file.deployments.flatMap(({ config }) => (config.name?.includes("{{") ? config.name : []));
  const perhaps = [...(bad as string[]), ...templated].map(patternOf);
  return came.filter((name) => !planned.has(name) && !perhaps.some((pattern) => pattern.test(name.slice(name.indexOf("/") + 1))));
}

function patternOf(name: string): RegExp {
  const parts = pieces(deployedName(name)).map((piece) =>
    typeof piece === "string" ? piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : ".*",
  );
  return new RegExp(`^${parts.join("")}$`, "s");
}
