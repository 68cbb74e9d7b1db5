import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { upwards } from "../home";
import { UserError } from "../userError";

/**
 * Check that the packages of a Pulumi program in JavaScript or TypeScript are installed. Otherwise the program would fail with a stack trace.
 * Only the existence of their folders is checked.
 * @throws {UserError} with the folder and the command to run
 */
export function checkInstalled(projectDir: string): void {
  const folder = upwards(projectDir, (at) => existsSync(join(at, "package.json")));
  // Yarn's Plug'n'Play has no folders to check.
  if (folder === undefined || upwards(folder, (at) => existsSync(join(at, ".pnp.cjs"))) !== undefined) return;
  const missing = Object.keys(dependenciesOf(join(folder, "package.json"))).filter(
    (name) => upwards(folder, (at) => existsSync(join(at, "node_modules", name))) === undefined,
  );
  if (missing.length === 0) return;
  const shown = missing.length > 3 ? `${missing.slice(0, 3).join(", ")} and ${missing.length - 3} more` : missing.join(", ");
  throw new UserError(`the packages of ${folder} are not installed (${shown}): run \`${installerOf(folder)} install\` there`);
}

function dependenciesOf(path: string): Record<string, string> {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { dependencies?: Record<string, string> }).dependencies ?? {};
  } catch {
    // npm reports errors in this file.
    return {};
  }
}

/** The package manager whose lock file is in the folder. */
function installerOf(folder: string): string {
  const locks = { "pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lock": "bun" };
  return Object.entries(locks).find(([lock]) => existsSync(join(folder, lock)))?.[1] ?? "npm";
}
