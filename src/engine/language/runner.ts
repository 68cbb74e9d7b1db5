import { readFileSync } from "node:fs";
import { join } from "node:path";

// In the bundle of the CLI, the text replaces this module (scripts/bundle.mjs).

/** `run.py`, for `python -c`. */
export const runner: string = readFileSync(join(__dirname, "run.py"), "utf8");
