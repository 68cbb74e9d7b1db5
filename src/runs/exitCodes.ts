/** The usual meanings of exit codes in shells and container runtimes. */
const MEANINGS: Record<number, string> = {
  125: " (the container could not be run)",
  126: " (the command is not executable)",
  127: " (the command was not found)",
  137: " (SIGKILL, as when memory runs out)",
  143: " (SIGTERM)",
};

/** `code 3`, or `code 127 (the command was not found)`. */
export function exitCodeText(code: number): string {
  return `code ${code}${MEANINGS[code] ?? ""}`;
}
