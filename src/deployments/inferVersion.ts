import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { JsonObject } from "../json";

/** How long git may take, in milliseconds. */
const PATIENCE = 30_000;

type Forge = "vcs:github" | "vcs:gitlab" | "vcs:bitbucket" | "vcs:azuredevops";

interface Place {
  /** The folder of the project. */
  folder: string;
  env: NodeJS.ProcessEnv;
}

/** The variables of CI systems with the commit, its branch, its repository, and how a URL is made of them (`prefect/_internal/versioning.py`). */
const FORGES: Record<
  Forge,
  { names: [sha: string, branch: string, repository: string]; url(env: NodeJS.ProcessEnv, sha: string): string }
> = {
  "vcs:github": {
    names: ["GITHUB_SHA", "GITHUB_REF_NAME", "GITHUB_REPOSITORY"],
    url: (env, sha) => `${env.GITHUB_SERVER_URL}/${env.GITHUB_REPOSITORY}/tree/${sha}`,
  },
  "vcs:gitlab": {
    names: ["CI_COMMIT_SHA", "CI_COMMIT_REF_NAME", "CI_PROJECT_NAME"],
    url: (env, sha) => `${env.CI_PROJECT_URL}/-/tree/${sha}`,
  },
  "vcs:bitbucket": {
    names: ["BITBUCKET_COMMIT", "BITBUCKET_BRANCH", "BITBUCKET_REPO_SLUG"],
    url: (env, sha) => `${env.BITBUCKET_GIT_HTTP_ORIGIN}/src/${sha}`,
  },
  "vcs:azuredevops": {
    names: ["BUILD_SOURCEVERSION", "BUILD_SOURCEBRANCHNAME", "BUILD_REPOSITORY_NAME"],
    url: (env, sha) => `${env.BUILD_REPOSITORY_URI}?version=GC${sha}`,
  },
};

/**
 * The version that Prefect infers for a deployment without one (`get_inferred_version_info`): the first eight characters of the commit.
 * @param type only this place; `null`: the first that has one
 * @returns in the form of the API's `version_info`; `undefined` if no place has one, or for `prefect:simple`
 */
export async function inferVersion(type: string | null, place: Place): Promise<(JsonObject & { version: string }) | undefined> {
  for (const one of [...(Object.keys(FORGES) as Forge[]), "vcs:git" as const]) {
    if (type !== null && type !== one) continue;
    const found = one === "vcs:git" ? await fromGit(place) : await fromForge(one, place);
    if (found) return { type: one, version: found.commit_sha.slice(0, 8), ...found };
  }
  return undefined;
}

interface Commit extends JsonObject {
  commit_sha: string;
  branch: string;
  repository: string;
  url: string;
  message: string;
}

async function fromForge(type: Forge, place: Place): Promise<Commit | undefined> {
  const { names, url } = FORGES[type];
  const [sha, branch, repository] = names.map((name) => place.env[name]);
  if (!sha || !branch || !repository) return undefined;
  const message = await git(place, "log", "-1", "--pretty=%B");
  return message === undefined ? undefined : { commit_sha: sha, branch, repository, url: url(place.env, sha), message: firstLine(message) };
}

async function fromGit(place: Place): Promise<Commit | undefined> {
  // The one that fails without a repository is first.
  const sha = await git(place, "rev-parse", "HEAD");
  if (!sha) return undefined;
  const [branch, url, message] = await Promise.all([
    git(place, "rev-parse", "--abbrev-ref", "HEAD"),
    git(place, "config", "--get", "remote.origin.url"),
    git(place, "log", "-1", "--pretty=%B"),
  ]);
  if (!branch || !url || message === undefined) return undefined;
  const path = /^[a-z][a-z0-9+.-]*:\/\/[^/]*(\/.*)$/i.exec(url)?.[1] ?? url;
  const repository = path.replaceAll(/^\/+|\/+$/g, "").replace(/\.git$/, "");
  return { commit_sha: sha, branch, repository, url: withoutLogin(url), message: firstLine(message) };
}

/** A token in the URL of a remote is a secret. */
function withoutLogin(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, "$1");
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

async function git({ folder, env }: Place, ...args: string[]): Promise<string | undefined> {
  try {
    return (await promisify(execFile)("git", args, { cwd: folder, env, timeout: PATIENCE })).stdout.trim();
  } catch {
    return undefined;
  }
}
