// The cost of reading a prefect.yaml with 500 deployments, compared with parsing its YAML; and of deploying it again.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compare, median } from "./measure.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const require = createRequire(import.meta.url);
const { loadPrefectYaml } = require(join(root, "lib", "src", "prefectYaml"));
const { defaultTemplate } = require(join(root, "lib", "src", "template"));
const { parse } = require("yaml");

const COUNT = 500;

function deployment(n) {
  return `- name: d${n}
  entrypoint: flows_${Math.floor(n / 10)}.py:flow_${n}
  description: number ${n} of many
  tags: [bench, "{{ $HOME }}"]
  parameters: { day: "2026-01-01", n: ${n} }
  schedules:
  - cron: "0 ${n % 24} * * *"
    timezone: Europe/Berlin
  work_pool:
    <<: *pool
    job_variables: { env: { NUMBER: "${n}" } }
`;
}

/**
 * @param scratch a folder to work in
 * @param env the commands' environment; `PUSHPOOL_MANIFEST` is set here
 * @param report takes `(what, measured, ratio, goal)`
 */
export function benchDeploy({ scratch, env, report }) {
  const folder = join(scratch, "deploy");
  mkdirSync(folder);
  const numbers = Array.from({ length: COUNT }, (_, n) => n);
  const text = `definitions:\n  pool: &pool { name: local }\ndeployments:\n${numbers.map(deployment).join("")}`;
  const file = join(folder, "prefect.yaml");
  writeFileSync(file, text);
  for (let n = 0; n < COUNT / 10; n++) {
    const functions = numbers.slice(n * 10, n * 10 + 10).map((m) => `def flow_${m}(day: str, n: int = 1):\n    return day\n`);
    writeFileSync(join(folder, `flows_${n}.py`), functions.join("\n"));
  }
  const manifest = {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "bench", stack: "dev" },
    pools: { local: { type: "process:push", baseJobTemplate: defaultTemplate("process:push") } },
  };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest), { mode: 0o600 });

  const took = (work) => {
    const times = [];
    for (let round = 0; round < 9; round++) {
      const start = performance.now();
      work();
      times.push(performance.now() - start);
    }
    return median(times);
  };
  const bare = took(() => parse(text, { version: "1.1", merge: true, maxAliasCount: -1 }));
  const ours = took(() => loadPrefectYaml(text, "prefect.yaml"));
  report(
    `reading a prefect.yaml of ${COUNT} deployments against parsing its YAML`,
    `${ours.toFixed(0)} ms against ${bare.toFixed(0)} ms`,
    `${(ours / bare).toFixed(2)}x`,
    "-",
  );

  const options = { cwd: folder, env: { ...env, PUSHPOOL_MANIFEST: join(folder, "manifest.json") } };
  const deploy = [process.execPath, join(root, "bin", "pushpool.cjs"), "deploy", "--all"];
  const { status, stderr } = spawnSync(deploy[0], deploy.slice(1), { ...options, encoding: "utf8" });
  if (status !== 0) throw new Error(`deploy ended with ${status}: ${stderr}`);
  const script = `require("yaml").parse(require("fs").readFileSync(process.argv[1], "utf8"), { version: "1.1", merge: true, maxAliasCount: -1 })`;
  const again = compare(
    deploy,
    [process.execPath, "-e", script, file],
    { ...options, cwd: folder, env: { ...options.env, NODE_PATH: join(root, "node_modules") } },
    9,
  );
  report(
    `a second deploy of ${COUNT} against a node script that parses the file`,
    `${again.ours.toFixed(0)} ms against ${again.theirs.toFixed(0)} ms`,
    `${again.ratio.toFixed(2)}x`,
    "-",
  );
}
