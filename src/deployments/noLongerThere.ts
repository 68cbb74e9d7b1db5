import { deployedName } from "../deploymentName";
import type { PrefectYaml } from "../prefectYaml";
import { pieces } from "../template/placeholders";

/**
 * Find the deployments that came from a file and are no longer in it.
 * @param came their names, `<flow name>/<deployment name>`
 * @param planned names of the deployments in the file now
 * @param bad names of invalid entries, as in the file; `undefined` for one without a name
 */
export function noLongerThere(
  came: readonly string[],
  file: PrefectYaml,
  planned: ReadonlySet<string>,
  bad: readonly (string | undefined)[],
): string[] {
  // The flow of an invalid entry is unknown, and a placeholder may become any string. Each such entry may be a deployment that came from
  // the file.
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
