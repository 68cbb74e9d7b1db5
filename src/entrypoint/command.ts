import { quote } from "shlex";
import type { Json } from "../json";
import type { PoolType } from "../model/poolType";
import { bootstrap } from "./programs";

/** The Python that runs an entrypoint, unless {@link PYTHON_VARIABLE} in the run's `env` names another one. Prefect's images have this name too. */
export const DEFAULT_PYTHON = "python3";
/** Set it in the `env` job variable to run an entrypoint with another Python, such as that of a virtual environment. */
export const PYTHON_VARIABLE = "PUSHPOOL_PYTHON";
/** The exit code of a run whose flow could not be called. One line on stderr has the reason. */
export const UNFIT = 78;

// It has no characters that are special to `shlex.split`, or to a shell inside double quotes. -u makes logs appear at once.
const PROGRAM = "import os,zlib,binascii;exec(zlib.decompress(binascii.a2b_base64(os.environ.pop('PUSHPOOL_BOOTSTRAP'))))";

/**
 * Make the command and environment that run an entrypoint. The command is the same for every run.
 * @param poolType a local run shares the caller's home folder, but must not use the Prefect API of its active profile
 * @param python a program on the run's PATH, or a path there
 * @param pullSteps the pull steps of the deployment; Prefect fills their placeholders in the run
 */
export function entrypointCommand(
  entrypoint: string,
  { poolType, python = DEFAULT_PYTHON, pullSteps = [] }: { poolType: PoolType; python?: string; pullSteps?: readonly Json[] },
): { command: string; env: Record<string, string> } {
  return {
    command: `${quote(python)} -uc "${PROGRAM}"`,
    env: {
      PUSHPOOL_BOOTSTRAP: bootstrap,
      PUSHPOOL_ENTRYPOINT: entrypoint,
      ...(poolType === "process:push" ? { PREFECT_PROFILE: "ephemeral" } : {}),
      ...(pullSteps.length > 0 ? { PUSHPOOL_PULL_STEPS: JSON.stringify(pullSteps) } : {}),
    },
  };
}
