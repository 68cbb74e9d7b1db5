import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { version } from "../../../package.json";
import { KINDS, type Kind, type Planner, planAws, planGcp, planLocal } from "../../init";
import { makeFolder } from "../../makeFolder";
import { suggestion } from "../../nearest";
import { loadPrefectYaml } from "../../prefectYaml";
import { readTextFile } from "../../textFile";
import { UserError } from "../../userError";
import type { GlobalOptions } from "../program";
import { note, print, printJson } from "../screen";

interface Flags extends GlobalOptions {
  /** False with `--no-install`. */
  install: boolean;
}

const PLANNERS: Partial<Record<Kind, Planner>> = { local: planLocal, gcp: planGcp, aws: planAws };

/** `pushpool init [local|gcp|aws|azure]` */
export async function action([kind = "local"]: string[], { C = ".", json, install }: Flags): Promise<void> {
  if (!KINDS.includes(kind as Kind)) throw new UserError(`init "${kind}": ${suggestion(kind, KINDS)}`);
  const planner = PLANNERS[kind as Kind];
  if (!planner)
    throw new UserError(`init ${kind}: this version of pushpool makes projects of ${Object.keys(PLANNERS).join(", ")} pools only`);
  const folder = resolve(C);
  const present = existsSync(folder) ? readdirSync(folder) : [];
  const project = present.find((file) => /^Pulumi\.ya?ml$/.test(file));
  if (project)
    throw new UserError(
      `${join(folder, project)} is there already, and nothing is overwritten: declare pools in its program, as \`new ProcessPushPool("local", {})\` of "pushpool/local" with \`exports.pushPools = manifest({ pools: [pool] })\``,
    );
  const yaml = join(folder, "prefect.yaml");
  const prefectYaml = existsSync(yaml)
    ? loadPrefectYaml(readTextFile(yaml, relative(process.cwd(), yaml)), relative(process.cwd(), yaml))
    : undefined;

  const plan = planner({ folder, ...(prefectYaml ? { prefectYaml } : {}), env: process.env, pushpool: source(folder), present });
  const paths = Object.keys(plan.files);
  const taken = paths.find((path) => existsSync(join(folder, path)));
  if (taken)
    throw new UserError(`${join(folder, taken)} is there already, and nothing is overwritten: move it away, or init in another folder`);
  for (const [path, text] of Object.entries(plan.files)) {
    makeFolder(dirname(join(folder, path)), 0o777);
    // `wx`: not even what came to be there just now.
    writeFileSync(join(folder, path), text, { flag: "wx" });
  }
  const installed = install && paths.includes("package.json") && npmInstall(folder);

  const pools = plan.pools.map(({ name }) => name);
  const cd = relative(process.cwd(), folder);
  const next = [
    ...(cd === "" ? [] : [`cd ${cd}`]),
    ...(installed || !paths.includes("package.json") ? [] : ["npm install"]),
    ...plan.before,
    "pushpool up",
    "pushpool deploy --all",
    ...(prefectYaml ? ["pushpool deployments"] : [`pushpool run hello/${kind}`]),
  ];
  if (json) return printJson({ folder, files: paths, pools, installed, notes: plan.notes, next });
  for (const path of paths) note(`  + ${path}`);
  note(`a Pulumi project with ${pools.length === 1 ? "the push work pool" : "the push work pools"} ${pools.join(", ")}`);
  for (const line of plan.notes) note(line);
  note("next:");
  for (const line of next) print(`  ${line}`);
}

/** A published pushpool comes from the registry; one that runs from its own checkout is linked, so that the project has the same one. */
function source(folder: string): string {
  const root = resolve(__dirname, "..");
  const isCheckout = existsSync(join(root, "src", "cli", "main.ts"));
  return isCheckout ? `file:${relative(folder, root) || "."}` : `^${version}`;
}

/** As `pulumi new` does. What goes wrong is for the person to see, and not the end of the world: the project is made. */
function npmInstall(folder: string): boolean {
  note("  npm install …");
  const { status, stderr, error } = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (status === 0) return true;
  note(`npm install did not succeed: ${error?.message ?? stderr.trim().split("\n")[0] ?? "it said nothing"}`);
  return false;
}
