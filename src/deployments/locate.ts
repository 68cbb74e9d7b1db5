import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { upwards } from "../home";
import { UserError } from "../userError";

/**
 * The prefect.yaml that is meant, and the folder that its entrypoints are relative to. As in Prefect that is where the command works: a file
 * elsewhere does not change it. Without a name it is the nearest prefect.yaml upwards, and its folder.
 * @param given as `--file`
 * @throws {UserError} if there is none
 */
export function locatePrefectYaml(cwd: string, given?: string): { file: string; folder: string } {
  if (given !== undefined) return { file: resolve(cwd, given), folder: cwd };
  const folder = upwards(cwd, (at) => existsSync(join(at, "prefect.yaml")));
  if (folder === undefined)
    throw new UserError(`there is no prefect.yaml from ${cwd} upwards: go to its folder, name it with -C, or the file with --file`);
  return { file: join(folder, "prefect.yaml"), folder };
}
