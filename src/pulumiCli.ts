import { execFile, execFileSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Whether a program is on the PATH. */
export function onPath(program: string, env: NodeJS.ProcessEnv): boolean {
  const names = process.platform === "win32" ? [`${program}.exe`, `${program}.cmd`] : [program];
  const folders = (env.PATH ?? "").split(delimiter).filter(Boolean);
  return folders.some((folder) => names.some((name) => isProgram(join(folder, name))));
}

/** The stack that `pulumi stack select` chose in a project; `undefined` if there is none, or no Pulumi CLI to tell. */
export function pulumiSelectedStack(dir: string, env: NodeJS.ProcessEnv): string | undefined {
  if (!onPath("pulumi", env)) return undefined;
  try {
    const args = ["stack", "--show-name", "--non-interactive"];
    const name = execFileSync("pulumi", args, { cwd: dir, env: quiet(env), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return name.trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether the Pulumi CLI has a stack of this name in a project.
 * @returns `undefined` if it cannot tell: it is not on PATH, nobody is logged in, its backend is unreachable
 */
export function pulumiHasStack(dir: string, stack: string, env: NodeJS.ProcessEnv): boolean | undefined {
  if (!onPath("pulumi", env)) return undefined;
  try {
    const args = ["stack", "ls", "--json", "--non-interactive"];
    const text = execFileSync("pulumi", args, { cwd: dir, env: quiet(env), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    // A stack of another organization is listed as ORG/NAME or ORG/PROJECT/NAME.
    return (JSON.parse(text) as { name: string }[]).some(({ name }) => name.split("/").at(-1) === stack);
  } catch {
    return undefined;
  }
}

/** What a call of the Pulumi CLI gave; its own words where it failed. */
export type PulumiReply = { ok: true; stdout: string } | { ok: false; message: string };

/** Call the Pulumi CLI. Never throws: whether a failure matters is the caller's to say. */
export function askPulumi(args: string[], dir: string, env: NodeJS.ProcessEnv): Promise<PulumiReply> {
  return new Promise((resolve) => {
    const options = { cwd: dir, env: quiet(env), encoding: "utf8" as const, maxBuffer: 256 * 1024 * 1024 };
    execFile("pulumi", [...args, "--non-interactive"], options, (error, stdout, stderr) => {
      if (!error) resolve({ ok: true, stdout });
      else resolve({ ok: false, message: stderr.trim().replace(/^error: /, "") || error.message });
    });
  });
}

function quiet(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
