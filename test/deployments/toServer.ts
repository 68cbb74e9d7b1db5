import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type DeploymentRegistry, type DeployPlan, planDeploy, type StepMode, writePlan } from "../../src/deployments";
import { serverRegistry } from "../../src/deployments/serverRegistry";
import type { Ledger } from "../../src/ledger";
import { parseManifest } from "../../src/manifest";
import type { Client } from "../../src/prefect/client";
import { scratch } from "../scratch";
import { environment, fixtures } from "./recorded";

/** A prefect.yaml and the folder of its flows. */
export interface FileToDeploy {
  folder: string;
  file: string;
}

/** A prefect.yaml, with the flows of the fixtures beside it. */
export function folderOf(yaml: (file: string) => void): FileToDeploy {
  const folder = scratch();
  cpSync(join(fixtures, "support"), folder, { recursive: true });
  const file = join(folder, "prefect.yaml");
  yaml(file);
  return { folder, file };
}

/** Deploy files to a server from one workspace. */
export function deployerTo(client: Client, ledger: Ledger) {
  const registry = (): DeploymentRegistry => {
    const manifest = parseManifest(
      { kind: "pushpool.dev/manifest", version: 1, source: { project: "data", stack: "dev" }, pools: {} },
      [],
      "",
    );
    return serverRegistry({ manifest, origin: "", stack: "data/dev" }, client, ledger);
  };
  const deploy = async (
    at: FileToDeploy,
    over: {
      /** The virtual environment that runs build and push steps. @default they do not run */
      stepsIn?: string;
      path?: string;
      allOrNothing?: boolean;
    } = {},
  ): Promise<DeployPlan> => {
    const to = registry();
    const { stepsIn } = over;
    const env = { ...environment, PATH: over.path ?? process.env.PATH, ...(stepsIn === undefined ? {} : { VIRTUAL_ENV: stepsIn }) };
    const run: StepMode = {
      kind: "run",
      listener: { tell: () => {}, output: () => {} },
      interrupted: new AbortController().signal,
    };
    const steps: StepMode = stepsIn === undefined ? { kind: "skip" } : run;
    const planned = await planDeploy({ ...at, names: [], all: true, stepOutputs: {}, steps, env, registry: to });
    return writePlan(planned, to, over.allOrNothing ?? false);
  };
  return { registry, deploy };
}

/** Run `prefect deploy --all`. */
export function deployWithPrefect(folder: string, { venv, apiUrl }: { venv: string; apiUrl: string }): string {
  return execFileSync(join(venv, "bin", "prefect"), ["--no-prompt", "deploy", "--all"], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...environment,
      PATH: `${join(venv, "bin")}${delimiter}${process.env.PATH}`,
      HOME: folder,
      PREFECT_HOME: join(folder, ".prefect"),
      PREFECT_API_URL: apiUrl,
      DO_NOT_TRACK: "1",
      // `prefect deploy` asks git where the folder is.
      GIT_CEILING_DIRECTORIES: "/",
    },
  });
}
