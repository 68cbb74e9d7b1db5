import { execFile, execFileSync } from "node:child_process";
import { findProgram } from "./findProgram";

/** The selected stack of a project (`pulumi stack select`). `undefined` if there is none, or no Pulumi CLI. */
export function pulumiSelectedStack(dir: string, env: NodeJS.ProcessEnv): string | undefined {
  if (!findProgram("pulumi", env)) return undefined;
  try {
    const args = ["stack", "--show-name", "--non-interactive"];
    const name = execFileSync("pulumi", args, {
      cwd: dir,
      env: withoutUpdateCheck(env),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return name.trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether the Pulumi CLI has a stack of this name in a project.
 * @returns `undefined` if it is not known: the CLI is not on PATH, nobody is logged in, or its backend is unreachable
 */
export function pulumiHasStack(dir: string, stack: string, env: NodeJS.ProcessEnv): boolean | undefined {
  if (!findProgram("pulumi", env)) return undefined;
  try {
    const args = ["stack", "ls", "--json", "--non-interactive"];
    const text = execFileSync("pulumi", args, {
      cwd: dir,
      env: withoutUpdateCheck(env),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    // Stacks of other organizations are listed as ORG/NAME or ORG/PROJECT/NAME.
    return (JSON.parse(text) as { name: string }[]).some(({ name }) => name.split("/").at(-1) === stack);
  } catch {
    return undefined;
  }
}

/** The result of a Pulumi CLI call: its output, or its error message. */
export type PulumiReply = { ok: true; stdout: string } | { ok: false; message: string };

/** Call the Pulumi CLI. Never throws: the caller decides whether a failure matters. */
export function askPulumi(args: string[], dir: string, env: NodeJS.ProcessEnv): Promise<PulumiReply> {
  return new Promise((resolve) => {
    const options = { cwd: dir, env: withoutUpdateCheck(env), encoding: "utf8" as const, maxBuffer: 256 * 1024 * 1024 };
    execFile("pulumi", [...args, "--non-interactive"], options, (error, stdout, stderr) => {
      if (!error) resolve({ ok: true, stdout });
      else resolve({ ok: false, message: stderr.trim().replace(/^error: /, "") || error.message });
    });
  });
}

function withoutUpdateCheck(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" };
}
