import { escaped } from "../shown";

let isDeaf = false;

/** For whoever watches `up`: Pulumi shows what a provider writes, a line each. */
export function tell(line: string): void {
  if (isDeaf) return;
  // Pulumi may have been killed: the run's end is to be recorded all the same.
  if (!process.stdout.listeners("error").includes(deaf)) process.stdout.on("error", deaf);
  process.stdout.write(`${escaped(line)}\n`);
}

function deaf(): void {
  isDeaf = true;
}
