import { quote } from "shlex";
import type { Json } from "../json";
import type { PoolType } from "../model/poolType";
import { bootstrap } from "./programs";

/** Which Python runs an entrypoint, where the run's `env` does not say so by {@link PYTHON_VARIABLE}. Prefect's images have it as well as `python`. */
export const DEFAULT_PYTHON = "python3";
/** Set it in the `env` job variable to run an entrypoint with another Python, such as that of a virtual environment. */
export const PYTHON_VARIABLE = "PUSHPOOL_PYTHON";
/** Exit code of a run whose flow could not be called as it is deployed; one line on stderr says why. */
export const UNFIT = 78;

// No character in it that `shlex.split` or a shell between double quotes sees as special; -u so that logs are live.
const PROGRAM = "import os,zlib,binascii;exec(zlib.decompress(binascii.a2b_base64(os.environ.pop('PUSHPOOL_BOOTSTRAP'))))";

/**
 * What runs an entrypoint: a command that is the same for every run, and the environment that tells it what to do.
 * @param poolType a local run shares the caller's home folder, and must not be led to a Prefect API by the profile that is active there
 * @param python a program on the run's PATH, or a path there
 * @param pullSteps as the deployment has them; placeholders in them stay for Prefect to fill in the run
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
