import { basename } from "node:path";
import type { Json } from "../json";
import type { PrefectYaml } from "../prefectYaml";
import { type ImagePlan, planImage } from "./imagePlan";
import { type Given, type Language, type Program, pyproject, pythonProgram, pythonPulumiYaml, yamlProgram } from "./languages";
import { type Login, type LoginPlan, planLogin } from "./login";

/** The kinds of projects. Each makes push pools of one type. */
export const KINDS = ["local", "gcp", "aws", "azure"] as const;
export type Kind = (typeof KINDS)[number];

/** Pulumi's SDK for JavaScript. */
const SDK = "@pulumi/pulumi";
const SDK_RANGE = "^3.248.0";

/** A push pool that the new project declares. */
export interface PoolPlan {
  name: string;
  /** The work queues that deployments name, except "default". */
  queues: string[];
}

export interface InitPlan {
  pools: PoolPlan[];
  /** The contents of the files, by path from the folder. */
  files: Record<string, string>;
  /** What the user has to do by hand, one line each. */
  notes: string[];
  /** The commands to run before `pushpool up`. */
  before: string[];
  /** What the machine and the account must have first, one line each. */
  needs: string[];
}

/** What all pools of a new project have. */
export interface Common {
  /** The image that they build. */
  image: ImagePlan | undefined;
  /** Absent: each has a key. */
  login: LoginPlan | undefined;
}

/** Plans one kind of project. */
export type ProjectPlanner = (input: InitInput) => InitPlan;

/** The input for the plan of a project. */
export interface InitInput {
  /** The folder of the project, as an absolute path. */
  folder: string;
  /** The existing prefect.yaml, if there is one. */
  prefectYaml?: PrefectYaml;
  /** For `{{ $NAME }}` in the names of work pools. */
  env: Readonly<Record<string, string | undefined>>;
  /** The language of the program. @default "typescript" */
  language?: Language;
  /** Who submits the runs. @default "key" */
  login?: Login;
  /** The dependency in package.json that installs this same pushpool: a version range, `file:…` or a git URL. */
  pushpool: string;
  /** The names of the existing files in the folder. */
  present: readonly string[];
  /** Read one of them. @default each is empty */
  read?(name: string): string;
}

/** The differences between the kinds of projects. */
export interface ProjectKind {
  /** Without a prefect.yaml, the name of the pool, and of the deployment on it. */
  kind: Kind;
  /** Makes the content of index.js. */
  program(pools: readonly PoolPlan[], common: Common): string;
  /** The same program for the other languages. */
  declared(pools: readonly PoolPlan[], common: Common): Program;
  /** The packages besides pushpool and `@pulumi/pulumi`, with their version ranges. */
  dependencies: Record<string, string>;
  /** The commands to run before `pushpool up`. */
  before: string[];
  /** What the machine and the account must have first, one line each. */
  needs: string[];
  /** Whether its pools can build an image. @default they can */
  noImage?: boolean;
  /** More fields for the work pool of the deployment in a new prefect.yaml, as YAML. */
  jobVariables?: string;
}

/**
 * Plan the files of a Pulumi project with a push pool for each work pool that the prefect.yaml names. If there is no prefect.yaml, plan a small
 * one too.
 */
export function planProject(
  { kind, program, declared, dependencies: own, before, needs, noImage, jobVariables }: ProjectKind,
  { folder, prefectYaml, env, pushpool, present, language = "typescript", login = "key", read = () => "" }: InitInput,
): InitPlan {
  const image = noImage ? undefined : planImage({ prefectYaml, present, read });
  const common: Common = { image, login: planLogin(login) };
  const dependencies = image ? { ...own, "@pulumi/docker-build": "^0.0.22" } : own;
  const { pools, notes } = poolsOf(prefectYaml, env, kind);
  notes.push(...(common.login?.notes ?? []));
  const project = projectName(folder);
  const files: Record<string, string> = {
    ...(language === "typescript"
      ? { "Pulumi.yaml": pulumiYaml(project), "index.js": program(pools, common) }
      : otherFiles(language, project, declaredWith(common, declared(pools, common)), present)),
    ...image?.files,
  };
  if (image && present.includes(".dockerignore"))
    notes.push(".dockerignore is not changed: it should name node_modules and Pulumi.*, so that they are not sent to Docker");
  const packages = Object.entries(dependencies).map(([name, range]) => ` ${name}@${range}`);
  if (!present.includes("package.json")) files["package.json"] = packageJson(project, { ...dependencies, pushpool }, language);
  else
    notes.push(
      `package.json already exists: add what ${language === "typescript" ? "index.js" : "the provider"} needs with \`npm install pushpool@${pushpool} ${SDK}@${SDK_RANGE}${packages.join("")}\``,
    );
  if (language === "python" && present.includes("pyproject.toml"))
    notes.push("pyproject.toml already exists: add what the program needs with `uv add pulumi ./node_modules/pushpool/lib/sdk/python`");
  if (!present.includes(".gitignore"))
    files[".gitignore"] = language === "python" ? "node_modules/\n.venv/\n__pycache__/\n" : "node_modules/\n";
  if (!prefectYaml) {
    files["prefect.yaml"] = prefectYamlOf(kind, jobVariables);
    files["flows/hello.py"] = FLOW;
  }
  return {
    pools,
    files,
    notes,
    before: [...(language === "python" ? ["uv sync"] : []), ...before, ...(common.login?.before ?? [])],
    needs: [
      ...(language === "python" ? ["uv (https://docs.astral.sh/uv/), which installs the program's packages"] : []),
      ...needs,
      ...(image ? ["Docker, which builds the image of the flows"] : []),
    ],
  };
}

/** The files of a program in another language. The provider's packages come from npm all the same. */
function otherFiles(language: "python" | "yaml", project: string, program: Program, present: readonly string[]): Record<string, string> {
  if (language === "yaml") return { "Pulumi.yaml": yamlProgram(project, program) };
  return {
    "Pulumi.yaml": pythonPulumiYaml(project),
    "__main__.py": pythonProgram(program),
    ...(present.includes("pyproject.toml") ? {} : { "pyproject.toml": pyproject(project) }),
  };
}

function declaredWith({ login }: Common, program: Program): Program {
  return login ? { ...program, login: login.about, config: login.config } : program;
}

/** The arguments that a pool has in every language: who submits, the image that it builds, and its queues. */
export function commonArguments({ image, login }: Partial<Common>, queues: readonly string[]): Record<string, Given> {
  return {
    ...login?.args,
    // A relative path begins in the project's folder.
    ...(image ? { image: { context: "." } } : {}),
    ...(queues.length > 0 ? { queues: Object.fromEntries(queues.map((queue) => [queue, {}])) } : {}),
  };
}

/** The lines of a program in JavaScript that declare what all pools have, and the arguments of each pool. */
export function commonLines({ image, login }: Common): { required: string; declared: string; argument: string[] } {
  const config = login?.config ?? [];
  const read = config.map((key) => `const ${key} = new pulumi.Config().require("${key}");\n`).join("");
  const who = login ? `\n// ${login.about}\n${read}const login = { ${login.javascript} };\n` : "";
  const built =
    "\n// `up` builds this folder's Dockerfile, and pushes it. The runs use it by its digest.\nconst image = { context: __dirname };\n";
  return {
    required: config.length > 0 ? `const pulumi = require("${SDK}");\n` : "",
    declared: `${who}${image ? built : ""}`,
    argument: [...(login ? ["...login"] : []), ...(image ? ["image"] : [])],
  };
}

/** The `queues` argument of a pool, if it has queues besides "default". */
export function queuesArgument(queues: readonly string[]): string[] {
  return queues.length > 0 ? [`queues: { ${queues.map((queue) => `${JSON.stringify(queue)}: {}`).join(", ")} }`] : [];
}

/** The work pools that deployments name, each with its queues. If they name none, one pool with the default name. */
function poolsOf(file: PrefectYaml | undefined, env: InitInput["env"], defaultName: string): { pools: PoolPlan[]; notes: string[] } {
  const pools = new Map<string, Set<string>>();
  const notes: string[] = [];
  const nameless: string[] = [];
  for (const { config } of file?.deployments ?? []) {
    const name = filled(config.work_pool?.name ?? "", env);
    if (name === "" || name === undefined) {
      if (config.name) nameless.push(config.name);
      continue;
    }
    const queues = pools.get(name) ?? new Set();
    pools.set(name, queues);
    const queue = filled(config.work_pool?.work_queue_name ?? "", env);
    if (queue && queue !== "default") queues.add(queue);
  }
  if (pools.size === 0) pools.set(defaultName, new Set());
  const [first] = pools.keys();
  if (nameless.length > 0)
    notes.push(`prefect.yaml is not changed; give ${nameless.join(", ")} a work pool there:\n    work_pool:\n      name: ${first}`);
  return { pools: [...pools].map(([name, queues]) => ({ name, queues: [...queues] })), notes };
}

/** A name with `{{ $NAME }}` filled; `undefined` if the environment does not have the variable. */
function filled(text: string, env: InitInput["env"]): string | undefined {
  let missing = false;
  const whole = text.replace(/\{\{\s*\$?(\w+)\s*\}\}/g, (_, name: string) => {
    missing ||= !env[name];
    return env[name] ?? "";
  });
  return missing || whole.includes("{{") ? undefined : whole;
}

/** A project name that follows Pulumi's rule. */
function projectName(folder: string): string {
  return (
    basename(folder)
      .replace(/[^A-Za-z0-9_.-]+/g, "-")
      .replace(/^[-.]+|-+$/g, "")
      .slice(0, 100) || "push-pools"
  );
}

function pulumiYaml(project: string): string {
  return `name: ${JSON.stringify(project)}
description: Push work pools for Prefect deployments
runtime:
  name: nodejs
  options:
    # The program is JavaScript. So Pulumi does not load the TypeScript compiler, which would take most of the time of an \`up\`.
    typescript: false
main: index.js
`;
}

function packageJson(project: string, dependencies: Record<string, string>, language: Language): string {
  const name = project.toLowerCase().replace(/^[._]+/, "");
  const tree: Record<string, Json> = { name, private: true };
  if (language === "typescript") tree.main = "index.js";
  tree.dependencies = { [SDK]: SDK_RANGE, ...dependencies };
  return `${JSON.stringify(tree, null, 2)}\n`;
}

function prefectYamlOf(pool: string, jobVariables = ""): string {
  return `# Deployments for \`pushpool deploy\`, in Prefect's own format: https://docs.prefect.io/v3/how-to-guides/deployments/prefect-yaml
deployments:
  - name: ${pool}
    entrypoint: flows/hello.py:hello
    parameters:
      name: Ada
    work_pool:
      name: ${pool}
${jobVariables}`;
}

const FLOW = `def hello(name: str = "world") -> str:
    """A plain function. With Prefect's @flow decorator it becomes a flow."""
    print(f"Hello, {name}!")
    return f"greeted {name}"
`;
