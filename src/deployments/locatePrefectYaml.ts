import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { upwards } from "../home";
import { UserError } from "../userError";

/**
 * Find the prefect.yaml, and the folder to which its entrypoints are relative. As in Prefect, a given file elsewhere does not change that
 * folder: it is the current one. Without a given file, it is the nearest prefect.yaml in this or a parent folder, and its folder.
 * @param given the value of `--file`
 * @throws {UserError} if there is none
 */
export function locatePrefectYaml(cwd: string, given?: string): { file: string; folder: string } {
  if (given !== undefined) return { file: resolve(cwd, given), folder: cwd };
  const folder = upwards(cwd, (at) => existsSync(join(at, "prefect.yaml")));
  if (folder === undefined)
    throw new UserError(
      `there is no prefect.yaml in ${cwd} or its parent folders: change to its folder, or give the folder with -C or the file with --file`,
    );
  return { file: join(folder, "prefect.yaml"), folder };
}
