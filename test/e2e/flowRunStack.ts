import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "../scratch";
import { type Place, place } from "./pushpool";

const repo = join(__dirname, "..", "..");
interface Program {
  command?: string;
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
    result?: { changes: Record<string, number>; outputs: Outputs };
  };
  /** One line for each start of the run's command. */
  starts(): string[];
  go(code?: number): void;
  runs(): { id: string; state: { type: string }; attempt: number }[];
}

type Outputs = { state: string; runId: string; exitCode?: number; startedAt?: string; endedAt?: string };

/** Waits for a file (or until the test's folder is gone), and ends with the exit code in that file. */
const PATIENT = `sh -c 'echo $$ >> starts; while [ -e starts ] && [ ! -e go ]; do sleep 0.05; done; echo went with $(cat go); exit $(cat go)'`;

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
  const made = place({ cwd: folder, env: { PUSHPOOL_HOME: "", PULUMI_CONFIG_PASSPHRASE: "x" } });
  const at = (file: string) => join(folder, file);
  const go = (code = 0) => writeFileSync(at("go"), String(code));
  const self: Stack = {
    ...made,
    folder,
    home: at(".pushpool"),
    write: (program) => writeFileSync(at("program/index.js"), program === "nothing" ? "" : textOf(program, folder)),
    up: (...args) => {
      const ended = self.pushpool("up", "--engine", "offline", "--json", ...args);
      const result = ended.status === 0 ? { result: JSON.parse(ended.stdout.trim().split("\n").at(-1) ?? "").result } : {};
      return { ...ended, ...result };
    },
    starts: () => (existsSync(at("starts")) ? readFileSync(at("starts"), "utf8").trim().split("\n") : []),
    go,
    runs: () => JSON.parse(self.pushpool("ls", "--json").stdout).runs,
  };
  return self;
}

function textOf({ command = PATIENT, pool = "", run = "", options = "" }: Program, folder: string): string {
  return `
const pulumi = require("@pulumi/pulumi");
const { Deployment, FlowRun, manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");
const pool = new ProcessPushPool("local", { ${pool || `jobVariables: { working_dir: ${JSON.stringify(folder)} }`} });
const hello = new Deployment("hello/prod", { workPoolName: pool.workPoolName, command: ${JSON.stringify(command)} });
const run = new FlowRun("smoke", { pool: pool.definition, deployment: hello.definition, ${run} }, { ${options} });
exports.pushPools = manifest({ pools: [pool], deployments: [hello] });
for (const name of ["runId", "state", "exitCode", "startedAt", "endedAt"]) exports[name] = run[name];
`;
}
