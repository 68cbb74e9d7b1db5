import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";

// The Python programs, as they are sent. In the CLI's bundle this module is replaced by its own results (scripts/build.mjs).

/** `inspect.py`, for `python3 -c`. */
export const inspector: string = withoutComments(readFileSync(join(__dirname, "inspect.py"), "utf8"));

/** `import.py`, for `python3 -c`. */
export const importer: string = withoutComments(readFileSync(join(__dirname, "import.py"), "utf8"));

/** `bootstrap.py`, deflated and in base64: it must fit beside a run's parameters where a cloud counts bytes (ECS takes 8192 characters of overrides). */
export const bootstrap: string = deflateSync(withoutComments(readFileSync(join(__dirname, "bootstrap.py"), "utf8")), { level: 9 }).toString(
  "base64",
);

/** All of them keep comments on lines of their own and have no text over several lines. */
function withoutComments(program: string): string {
  return program
    .split("\n")
    .filter((line) => !/^\s*(#|$)/.test(line))
    .map((line) => line.replace(/^(?: {4})+/, (indent) => " ".repeat(indent.length / 4)))
    .join("\n");
}
