import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { recordings } from "./recording";

/** One process with the stand-in providers of all scenarios. */
export interface ProviderHost {
  /** The text of a plugin that is a provider of that process as long as it runs. */
  plugin: string;
  stop(): void;
}

/** Connects to the host, passes on its port, and waits until it is ended. */
const plugin = (port: string) => `#!/usr/bin/env bash
exec 3<>/dev/tcp/127.0.0.1/${port} || exit 1
printf '{"DEMO_WORLD":"%s","DEMO_MODE":"%s","DEMO_DELAY_MS":"%s"}\\n' "$DEMO_WORLD" "$DEMO_MODE" "$DEMO_DELAY_MS" >&3
read -r port <&3 && echo "$port"
read -r _ <&3
`;

/**
 * A node process takes 0.15 s of processor time to start, and the scenarios start hundreds of providers. The shell takes a few milliseconds.
 * @returns `undefined` without bash, whose redirections open connections
 */
export async function startProviderHost(): Promise<ProviderHost | undefined> {
  if (spawnSync("bash", ["-c", ":"]).status !== 0) return undefined;
  const file = join(recordings, "demo-provider.js");
  const child = spawn(process.execPath, [join(__dirname, "hostedProviders.cjs"), file], { stdio: ["ignore", "pipe", "inherit"] });
  return { plugin: plugin(await firstLine(child)), stop: () => void child.kill() };
}

/** The first line that a process prints. */
export function firstLine({ stdout }: ChildProcess): Promise<string> {
  return new Promise((done) => createInterface({ input: stdout as NonNullable<typeof stdout> }).once("line", done));
}
