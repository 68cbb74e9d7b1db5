import { spawnSync } from "node:child_process";

const { error, stdout } = spawnSync("python3", ["--version"], { encoding: "utf8" });

/** Why tests that need python3 are skipped. Empty if python3 exists. */
export const noPython = error || !stdout ? "SKIPPED: there is no python3 on PATH" : "";
if (noPython) console.warn(noPython);
