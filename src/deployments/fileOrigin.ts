import { execFileSync } from "node:child_process";
import { hostname } from "node:os";
import { basename, dirname } from "node:path";

/**
 * Identify a prefect.yaml on a server, which has deployments from many files and machines. The result is its repository and its path there,
 * the same on every machine. Without a repository it is this machine's name and the path.
 *
 * @param file absolute path
 * @example "github.com/acme/flows:etl/prefect.yaml"
 */
export function fileOrigin(file: string, env: NodeJS.ProcessEnv): string {
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", dirname(file), ...args], { env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return `${repositoryName(git("config", "--get", "remote.origin.url"))}:${git("rev-parse", "--show-prefix")}${basename(file)}`;
  } catch {
    return `${hostname()}:${file}`;
  }
}

/**
 * Host and path of a remote's URL, without user, password and port. `https://`, `ssh://` and `git@host:path` then give the same repository.
 */
function repositoryName(url: string): string {
  const [, , host = "", path = ""] = /^(?:[a-z+]+:\/\/)?([^@/]*@)?([^:/]+)(?::\d+(?=\/))?[:/]\/*(.*?)(?:\.git)?\/?$/i.exec(url) ?? [];
  return host === "" ? url : `${host.toLowerCase()}/${path}`;
}
