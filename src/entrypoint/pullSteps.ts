import type { Json } from "../json";

/**
 * The folders to which these pull steps change, in order. Steps that only change the folder do not need Prefect.
 * `bootstrap.py` has the same rule.
 * @returns `undefined` if a step does something else, or contains a placeholder
 */
export function plainFolders(steps: readonly Json[]): string[] | undefined {
  const folders = steps.filter((step) => !isEmpty(step)).map(plainFolder);
  return folders.every((folder) => folder !== undefined) ? folders : undefined;
}

/** The function that a step calls: `prefect.deployments.steps.git_clone`. */
export function stepName(step: Json): string {
  return (isMapping(step) && Object.keys(step)[0]) || JSON.stringify(step);
}

function plainFolder(step: Json): string | undefined {
  if (!isMapping(step)) return undefined;
  const [[name, inputs] = ["", null]] = Object.entries(step);
  if (!/^prefect\.(.+\.)?set_working_directory$/.test(name) || !isMapping(inputs)) return undefined;
  return typeof inputs.directory === "string" && !inputs.directory.includes("{{") ? inputs.directory : undefined;
}

function isEmpty(step: Json): boolean {
  return step === null || (isMapping(step) && Object.keys(step).length === 0);
}

function isMapping(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
