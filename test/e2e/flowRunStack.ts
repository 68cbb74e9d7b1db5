import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "../scratch";
import { type Place, place } from "./pushpool";

const repo = join(__dirname, "..", "..");
interface Program extends Run {
  command?: string;
  /** More arguments of `manifest()`, as JavaScript text. */
  manifest?: string;
  /** Several runs instead of one. Those without a pool of their own share one. */
  runs?: (Run & { name: string })[];
}

interface Run {
  pool?: string;
  run?: string;
  /** Resource options of the FlowRun. */
  options?: string;
}

/** A program with a pool, a deployment and a run of it, for the built CLI and the offline engine. */
interface Stack extends Place {
  /** Write the program. `pool`, `run`: arguments as JavaScript text. */
  write(program: Program | "nothing"): void;
  /** @param args arguments after the options */
  up(...args: string[]): {
    status: number | null;
    stdout: string;
    stderr: string;
    /** `outputsOf`: of each of several runs, by name. */
    result?: { changes: Record<string, number>; outputs: Outputs; outputsOf: Record<string, Outputs> };
  };
  /** One line for each start of the run's command. */
  starts(): string[];
  go(code?: number): void;
  runs(): { id: string; state: { type: string }; attempt: number }[];
}

type Outputs = { state: string; runId: string; exitCode?: number; startedAt?: string; endedAt?: string };

/** Waits for the exit code in a file (or until the test's folder is gone), and ends with it. */
const PATIENT = `sh -c 'echo $$ >> starts; while [ -e starts ] && [ ! -s go ]; do sleep 0.05; done; echo went with $(cat go); exit $(cat go)'`;

export function flowRunStack(): Stack {
  const folder = join(scratch(), "infra");
  mkdirSync(join(folder, "node_modules", "@pulumi"), { recursive: true });
  symlinkSync(repo, join(folder, "node_modules", "pushpool"));
  symlinkSync(join(repo, "node_modules", "@pulumi", "pulumi"), join(folder, "node_modules", "@pulumi", "pulumi"));
  writeFileSync(
    join(folder, "Pulumi.yaml"),
    "name: infra\nruntime: { name: nodejs, options: { typescript: false } }\nmain: program/index.js\n",
  );
  mkdirSync(join(folder, "program"));
  // No PUSHPOOL_HOME: the provider must find the home itself, from the program's folder.
  const made = place({ cwd: folder, env: { PUSHPOOL_HOME: "" } });
  const at = (file: string) => join(folder, file);
  const go = (code = 0) => writeFileSync(at("go"), String(code));
  const self: Stack = {
    ...made,
    folder,
    home: at(".pushpool"),
    write: (program) => writeFileSync(at("program/index.js"), program === "nothing" ? "" : textOf(program, folder)),
    up: (...args) => {
      const ended = self.pushpool("up", "--engine", "offline", "--json", ...args);
      if (ended.status !== 0) return ended;
      const { result } = JSON.parse(ended.stdout.trim().split("\n").at(-1) ?? "");
      return { ...ended, result: { ...result, outputsOf: result.outputs } };
    },
    starts: () => (existsSync(at("starts")) ? readFileSync(at("starts"), "utf8").trim().split("\n") : []),
    go,
    runs: () => JSON.parse(self.pushpool("ls", "--json").stdout).runs,
  };
  return self;
}

function textOf({ command = PATIENT, runs, manifest = "", ...only }: Program, folder: string): string {
  const own = `{ jobVariables: { working_dir: ${JSON.stringify(folder)} } }`;
  const declared = (runs ?? [{ name: "smoke", ...only }]).map(
    ({ name, pool, run = "", options = "" }) => `
declared(${JSON.stringify(name)}, ${pool ? `{ ${pool} }` : "undefined"}, { ${run} }, { ${options} });`,
  );
  return `
const pulumi = require("@pulumi/pulumi");
const { Deployment, FlowRun, manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");
const pools = {};
const deployments = {};
function declared(name, ofPool, args, options) {
  const at = ofPool && ${runs !== undefined} ? "-" + name : "";
  const pool = (pools[at] ??= new ProcessPushPool("local" + at, ofPool ?? ${own}));
  const hello = (deployments[at] ??= new Deployment("hello/prod" + at, { workPoolName: pool.workPoolName, command: ${JSON.stringify(command)} }));
  const run = new FlowRun(name, { pool: pool.definition, deployment: hello.definition, ...args }, options);
  const outputs = Object.fromEntries(["runId", "state", "exitCode", "startedAt", "endedAt"].map((output) => [output, run[output]]));
  if (${runs !== undefined}) exports[name] = outputs;
  else Object.assign(exports, outputs);
}
${declared.join("")}
exports.pushPools = manifest({ pools: Object.values(pools), deployments: Object.values(deployments), ${manifest} });
`;
}
