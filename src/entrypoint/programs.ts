import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";

// The Python programs in the form in which they are passed on. In the bundle of the CLI, the results replace this module (scripts/bundle.mjs).

/** `inspect.py`, for `python3 -c`. */
export const inspector: string = withoutComments(readFileSync(join(__dirname, "inspect.py"), "utf8"));

/** `import.py`, for `python3 -c`. */
export const importer: string = withoutComments(readFileSync(join(__dirname, "import.py"), "utf8"));

/** `steps.py`, for `python3 -c`. */
export const stepRunner: string = withoutComments(readFileSync(join(__dirname, "steps.py"), "utf8"));

/** `bootstrap.py`, compressed and in base64. It must leave room for the parameters of a run (ECS allows 8192 characters of overrides). */
export const bootstrap: string = deflateSync(withoutComments(readFileSync(join(__dirname, "bootstrap.py"), "utf8")), { level: 9 }).toString(
  "base64",
);

/** The programs have comments only on separate lines, and no multi-line strings. */
function withoutComments(program: string): string {
  return program
    .split("\n")
    .filter((line) => !/^\s*(#|$)/.test(line))
    .map((line) => line.replace(/^(?: {4})+/, (indent) => " ".repeat(indent.length / 4)))
    .join("\n");
}
