import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, relative, resolve } from "node:path";
import { deployedName } from "../../deploymentName";
import { inspectEntrypoints } from "../../entrypoint";
import { findProgram } from "../../findProgram";
import {
  KINDS,
  type Kind,
  LANGUAGES,
  type Language,
  LOGINS,
  type Login,
  type ProjectPlanner,
  planAws,
  planAzure,
  planGcp,
  planLocal,
} from "../../init";
import { makeFolder } from "../../makeFolder";
import { suggestion } from "../../nearest";
import { dependencyOn } from "../../origin";
import { loadPrefectYaml, type PrefectYaml } from "../../prefectYaml";
import { quoted } from "../../shown";
import { readTextFile } from "../../textFile";
import { UserError } from "../../userError";
import type { GlobalOptions } from "../globalOptions";
import { withProgress } from "../progress";
import { note, print, printJson } from "../screen";

interface Flags extends GlobalOptions {
  /** False with `--no-install`. */
  install: boolean;
  /** The language of the program. */
  language?: string;
  /** Who submits runs. */
  credentials?: string;
}

const PLANNERS: Record<Kind, ProjectPlanner> = { local: planLocal, gcp: planGcp, aws: planAws, azure: planAzure };

/** `pushpool init [local|gcp|aws|azure]` */
export async function action(
  [kind = "local"]: string[],
  { C = ".", json, install, language = "typescript", credentials }: Flags,
): Promise<void> {
  if (!KINDS.includes(kind as Kind)) throw new UserError(`init "${kind}": ${suggestion(kind, KINDS)}`);
  if (!LANGUAGES.includes(language as Language)) throw new UserError(`--language "${language}": ${suggestion(language, LANGUAGES)}`);
  const login = loginOf(credentials, kind);
  const planner = PLANNERS[kind as Kind];
  const folder = resolve(C);
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found && !found.isDirectory()) throw new UserError(`-C ${quoted(C)} is not a folder: give one, or a path where init can make one`);
  const present = found ? readdirSync(folder) : [];
  const project = present.find((file) => /^Pulumi\.ya?ml$/.test(file));
  if (project)
    throw new UserError(
      `${join(folder, project)} already exists, and init does not overwrite files: declare pools in its program, such as \`new ProcessPushPool("local", {})\` of "pushpool/local" with \`exports.pushPools = manifest({ pools: [pool] })\``,
    );
  const yaml = join(folder, "prefect.yaml");
  const prefectYaml = existsSync(yaml)
    ? loadPrefectYaml(readTextFile(yaml, relative(process.cwd(), yaml)), relative(process.cwd(), yaml))
    : undefined;

  const read = (name: string) => readTextFile(join(folder, name), relative(process.cwd(), join(folder, name)));
  const plan = planner({
    folder,
    ...(prefectYaml ? { prefectYaml } : {}),
    env: process.env,
    pushpool: dependencyOn(folder),
    language: language as Language,
    login,
    present,
    read,
  });
  const paths = Object.keys(plan.files);
  const taken = paths.find((path) => existsSync(join(folder, path)));
  if (taken)
    throw new UserError(`${join(folder, taken)} already exists, and init does not overwrite files: move it away, or use another folder`);
  for (const [path, text] of Object.entries(plan.files)) {
    makeFolder(dirname(join(folder, path)), 0o777);
    // `wx` does not overwrite a file even if it was made just now.
    writeFileSync(join(folder, path), text, { flag: "wx" });
  }
  const installed = install && paths.includes("package.json") && (await npmInstall(folder));

  const pools = plan.pools.map(({ name }) => name);
  const cd = relative(process.cwd(), folder);
  const pushpool = commandName(process.env);
  const next = [
    ...(cd === "" ? [] : [`cd ${cd}`]),
    ...(installed || !paths.includes("package.json") ? [] : ["npm install"]),
    ...plan.before,
    `${pushpool} up`,
    `${pushpool} deploy --all`,
    // Only a job of the trusted repository can submit a run.
    ...(login === "federated" ? [] : prefectYaml ? [await runOf(prefectYaml, folder, pushpool)] : [`${pushpool} run hello/${kind}`]),
  ];
  if (json) return printJson({ folder, files: paths, pools, installed, notes: plan.notes, needs: plan.needs, next });
  for (const path of paths) note(`  + ${path}`);
  note(`a Pulumi project with ${pools.length === 1 ? "the push work pool" : "the push work pools"} ${pools.join(", ")}`);
  for (const line of plan.notes) note(line);
  for (const line of plan.needs) note(`you need ${line}`);
  note("next:");
  for (const line of next) print(`  ${line}`);
}

function loginOf(credentials: string | undefined, kind: string): Login {
  if (credentials === undefined) return "key";
  if (kind === "local") throw new UserError("--credentials is for gcp, aws and azure: a pool on this machine needs no login. Leave it out");
  const login = LOGINS.find((one) => one === credentials);
  if (login === undefined) throw new UserError(`--credentials ${quoted(credentials)}: must be one of ${LOGINS.join(", ")}`);
  return login;
}

/** `pushpool` if the shell finds it. Otherwise `npx pushpool`, which runs that of the project or of the machine. */
function commandName(env: NodeJS.ProcessEnv): string {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules") && !folder.includes("_npx"));
  return findProgram("pushpool", { PATH: folders.join(delimiter) }) ? "pushpool" : "npx pushpool";
}

/** The command that runs the first deployment of a prefect.yaml. */
async function runOf({ deployments }: PrefectYaml, folder: string, pushpool: string): Promise<string> {
  const able = deployments.map(({ config }) => config).find(({ name }) => name && !name.includes("{{"));
  const { entrypoint, flow_name: given, name = "" } = able ?? {};
  const found = entrypoint ? (await inspectEntrypoints([entrypoint], { cwd: folder, env: process.env })).flows.get(entrypoint) : undefined;
  const flow = found ? ("flowName" in found ? found.flowName : undefined) : given;
  return flow && name ? `${pushpool} run ${quotedWord(`${flow}/${deployedName(name)}`)}` : `${pushpool} deployments`;
}

/** Quote a word for a shell. */
function quotedWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Run `npm install`, as `pulumi new` does. An error is only printed, because the project is already made. */
async function npmInstall(folder: string): Promise<boolean> {
  const installing = new Promise<string | undefined>((done) => {
    const args = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
    const child = spawn("npm", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk;
    });
    child.on("error", ({ message }) => done(message));
    child.on("close", (status) => done(status === 0 ? undefined : firstWords(stderr)));
  });
  const fault = await withProgress("npm install", installing);
  if (fault === undefined) return true;
  note(`npm install failed: ${fault}`);
  return false;
}

/** The first lines of npm's error output, without its prefixes. */
function firstWords(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.replace(/^npm (error|ERR!) ?/, "").trim());
  return (
    lines
      .filter((line) => line !== "")
      .slice(0, 3)
      .join("; ") || "it printed no message"
  );
}
