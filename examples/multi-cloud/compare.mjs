// Runs one deployment on every work pool of the stack at the same time, and prints one table of how the runs ended.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { estimate } from "./prices.mjs";

const require = createRequire(import.meta.url);
const pushpool = join(require.resolve("pushpool/package.json"), "..", "bin", "pushpool.cjs");

/**
 * Run the deployment on each pool.
 * @param deployment FLOW/DEPLOYMENT
 * @param options `args`: options for every command, such as `-s dev`; `callsOf`: counts the API calls to a pool's cloud, where that is known
 * @returns whether all runs COMPLETED
 */
export async function compare(deployment, { args = [], env = process.env, callsOf = () => undefined } = {}) {
  const { pools } = lastLine(await output(["pools", ...args, "--json"], env));
  const rows = await Promise.all(
    pools.map(async ({ name, type }) => {
      const before = callsOf(type);
      const begun = Date.now();
      const { exitCode, run, error } = lastLine(await output(["run", deployment, "--pool", name, ...args, "--json"], env));
      const total = Date.now() - begun;
      return {
        pool: name,
        type,
        outcome: run?.state.type ?? error.message,
        "exit code": exitCode ?? error.exitCode,
        "until it ran": seconds(run?.createdAt, run?.startedAt),
        "ran for": seconds(run?.startedAt, run?.endedAt),
        "in all": `${(total / 1000).toFixed(1)} s`,
        "estimated price": dollars(estimate(type, (Date.parse(run?.endedAt) - Date.parse(run?.startedAt)) / 1000)),
        calls: before === undefined ? "" : callsOf(type) - before,
      };
    }),
  );
  print(rows);
  return rows.every(({ outcome }) => outcome === "COMPLETED");
}

/** Collect what a command prints. Its exit status is that of the run, so the result says more. */
async function output(args, env) {
  const child = spawn(process.execPath, [pushpool, "-C", import.meta.dirname, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  let problems = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  child.stderr.on("data", (chunk) => {
    problems += chunk;
  });
  await new Promise((done) => child.on("close", done));
  return text === "" ? problems : text;
}

/** With --json, a result is the last line, and so is an error. */
function lastLine(text) {
  return JSON.parse(text.trim().split("\n").at(-1));
}

function seconds(from, to) {
  return from === undefined || to === undefined ? "" : `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)} s`;
}

function dollars(price) {
  return price === undefined ? "" : `$${price.toFixed(6)}`;
}

function print(rows) {
  const headings = Object.keys(rows[0]);
  const cells = [headings, ...rows.map((row) => headings.map((heading) => String(row[heading])))];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  for (const row of cells)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join("  ")
        .trimEnd(),
    );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const isGood = await compare("count/everywhere", { args: process.argv.slice(2) });
  process.exitCode = isGood ? 0 : 1;
}
