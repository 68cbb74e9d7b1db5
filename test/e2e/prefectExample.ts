import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "../scratch";
import { type Place, place } from "./pushpool";

const repo = join(__dirname, "..", "..");

/** A copy of examples/prefect for a server. Its runs use the Prefect of that venv. */
export function exampleOf({ apiUrl, venv }: { apiUrl: string; venv: string }): Place & { cwd: string } {
  const folder = join(scratch(), "example");
  mkdirSync(folder);
  for (const name of ["Pulumi.yaml", "index.js", "prefect.yaml", "flows"])
    cpSync(join(repo, "examples", "prefect", name), join(folder, name), { recursive: true });
  symlinkSync(join(repo, "node_modules"), join(folder, "node_modules"));
  const env = { PREFECT_API_URL: apiUrl, PREFECT_HOME: join(folder, "..", "prefect"), PATH: `${join(venv, "bin")}:${process.env.PATH}` };
  return { ...place({ cwd: folder, env }), cwd: folder };
}
