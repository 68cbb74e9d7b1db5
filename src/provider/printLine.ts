import { escaped } from "../shown";

let isClosed = false;

/** Print a line for the user of `up`. Pulumi shows each line that a provider prints. */
export function printLine(line: string): void {
  if (isClosed) return;
  // Pulumi may have been killed. The end of the run must be recorded even then.
  if (!process.stdout.listeners("error").includes(onClosed)) process.stdout.on("error", onClosed);
  process.stdout.write(`${escaped(line)}\n`);
}

function onClosed(): void {
  isClosed = true;
}
