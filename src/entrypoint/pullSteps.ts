import type { Json } from "../json";

/**
 * The folders that these pull steps go to, one after another, where that is all they do: then Prefect is not needed for them.
 * The same rule is in `bootstrap.py`.
 * @returns `undefined` if any of them does something else, or holds a placeholder
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
