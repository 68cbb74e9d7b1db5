import { findProjectDir, readProject } from "../src/engine/project";

/**
 * The runtime of the program, such as `python`. Pulumi starts a provider in the folder of the program.
 * @returns `undefined` if the project file cannot be read
 */
export function programRuntime(folder: string): string | undefined {
  const dir = findProjectDir(folder);
  try {
    return dir === undefined ? undefined : readProject(dir).runtime;
  } catch {
    return undefined;
  }
}
