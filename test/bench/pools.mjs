// The cost of a cloud's pools, compared with the same resources of Pulumi's provider declared directly: a preview of many of them, the
// program alone, and the import.
import { spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compare } from "./measure.mjs";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

const MOCKED = `
const pulumi = require("@pulumi/pulumi");
pulumi.runtime.setMocks({ newResource: ({ name, inputs }) => ({ id: name, state: { arn: "arn:aws:any::111111111111:" + name, name, ...inputs } }), call: ({ inputs }) => ({ ...inputs, names: ["a", "b"] }) });
pulumi.runtime.runInPulumiStack(async () => require("./index.js"));
`;

function projectOf(scratch, name, program) {
  const dir = join(scratch, name);
  mkdirSync(dir);
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  writeFileSync(join(dir, "Pulumi.yaml"), `name: ${name}\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n`);
  writeFileSync(join(dir, "index.js"), program);
  writeFileSync(join(dir, "mocked.js"), MOCKED);
  return dir;
}

/**
 * @param bench `scratch`, `env` and `report` of `npm run bench`
 * @param cloud its package (`gcp`), the name and number of its pools, the modules of its providers that they use, and both programs.
 * `providers` names the module that serves its stand-in providers and sends their ports by package.
 */
export async function comparePools({ scratch, env, report }, { cloud, called, pools, modules, ours, bare, providers }) {
  const node = process.execPath;
  // Processor time: a preview of hundreds of resources takes many seconds, in which a busy machine does much else.
  const against = ({ processor: { ours: mine, theirs } }) => `${mine.toFixed(0)} ms against ${theirs.toFixed(0)} ms`;
  const times = ({ processor }) => `${processor.ratio.toFixed(2)}x`;
  // An engine also keeps compiled code.
  const inRoot = { cwd: root, env: { ...env, NODE_COMPILE_CACHE: join(scratch, "compiled") } };

  const required = modules.map((name) => `require("${name}")`).join(";");
  const imports = compare([node, "-e", `require("pushpool/${cloud}")`], [node, "-e", required], inRoot);
  report(
    `processor time of an import of pushpool/${cloud} against its modules of Pulumi's provider alone`,
    against(imports),
    times(imports),
    "<= 1.2x",
  );

  // The programs alone: every resource gets its reply at once.
  const [mine, theirs] = [projectOf(scratch, `${cloud}-ours`, ours), projectOf(scratch, `${cloud}-bare`, bare)];
  const alone = compare([node, join(mine, "mocked.js")], [node, join(theirs, "mocked.js")], inRoot, 3);
  report(
    `processor time of a program of ${pools} ${called} pools against the same resources bare`,
    against(alone),
    times(alone),
    "<= 1.2x",
  );

  const served = await serving(providers);
  const attached = Object.entries(served.ports).map(([name, port]) => `${name}:${port}`);
  const engine = { ...inRoot, env: { ...inRoot.env, PULUMI_DEBUG_PROVIDERS: attached.join(), PULUMI_CONFIG_PASSPHRASE: "x" } };
  const preview = (dir) => [node, join(root, "bin", "pushpool.cjs"), "-C", dir, "preview", "--engine", "offline"];
  const previews = compare(preview(mine), preview(theirs), engine, 2);
  served.stop();
  report(`processor time of a preview of ${pools} ${called} pools against the same bare`, against(previews), times(previews), "<= 1.2x");
}

/** Start the stand-in providers in another process. */
async function serving(providers) {
  const child = spawn(process.execPath, ["-e", providers], { cwd: root, stdio: ["pipe", "inherit", "inherit", "ipc"] });
  const ports = await new Promise((resolve) => child.once("message", resolve));
  return { ports, stop: () => child.kill() };
}
