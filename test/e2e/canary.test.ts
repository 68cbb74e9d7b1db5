import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildProgram } from "../../src/cli/program";
import { scratch } from "../scratch";
import { until } from "../until";
import { type Ended, listen, type Place, place } from "./pushpool";

// No command with --json prints a secret in any form, and its output is always JSON. The first test skips `logs`, since a run's output is
// its own.

const CANARIES = {
  passphrase: "CANARYpassphrase0001",
  cloudKey: "CANARYcloudkey/0002+x",
  config: 'CANARY "config" wörd\nof two lines CANARY0003',
  pool: "CANARYpoolenv0004",
  run: "CANARYrunenv0005",
  input: "CANARYinput0006",
  made: "CANARYmadebyprovider0007",
  program: "CANARYprogram0008",
  failed: "CANARYfailed0009",
};

const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const { Deployment, FlowRun, manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");
const secrets = ${JSON.stringify(CANARIES)};
const config = new pulumi.Config();
const word = config.requireSecret("word");
word.apply((text) => console.log("the word is " + text + ", as JSON " + JSON.stringify({ text }) + ", as base64 " + Buffer.from(text).toString("base64")));
pulumi.log.info("cloud key " + process.env.AWS_SECRET_ACCESS_KEY + " and passphrase " + process.env.PULUMI_CONFIG_PASSPHRASE);
console.error("before it is known: " + secrets.program.slice(0, 10));
console.error(secrets.program.slice(10));
const provider = {
  async create(inputs) {
    console.log("creating with " + inputs.password + ", url " + encodeURIComponent(inputs.password));
    console.log(secrets.made.slice(0, 9) + "\\n" + secrets.made.slice(9));
    if (inputs.fails) throw new Error("refused: " + JSON.stringify({ password: inputs.password }) + " " + Buffer.from("user:" + inputs.password).toString("base64"));
    return { id: "1", outs: { ...inputs, token: secrets.made, copy: "token " + secrets.made } };
  },
  async read(id, props) { console.log("reading " + props.token); return { id, props }; },
  async delete(id, props) { console.log("deleting " + props.token + " " + props.password); },
};
class Thing extends pulumi.dynamic.Resource {
  constructor(name, args) { super(provider, name, { token: undefined, copy: undefined, ...args }, { additionalSecretOutputs: ["token"] }); }
}
const thing = new Thing("thing", { password: pulumi.secret(secrets.input) });
if (process.env.FAILS) new Thing("bad", { password: pulumi.secret(secrets.failed), fails: true });
const pool = new ProcessPushPool("local", { jobVariables: { env: { T1: pulumi.secret(secrets.pool) } } });
const good = new Deployment("c/good", { workPoolName: pool.workPoolName, command: "true" });
const bad = new Deployment("c/bad", { workPoolName: pool.workPoolName, command: "false" });
new FlowRun("smoke", { pool: pool.definition, deployment: good.definition, jobVariables: { env: { T2: pulumi.secret(secrets.run) } } });
exports.own = pulumi.secret(secrets.program);
exports.token = thing.token;
exports.pushPools = manifest({ pools: [pool], deployments: [good, bad] });
`;

function project(): Place {
  const repo = join(__dirname, "..", "..");
  const cwd = join(scratch(), "canary");
  mkdirSync(join(cwd, "node_modules", "@pulumi"), { recursive: true });
  symlinkSync(repo, join(cwd, "node_modules", "pushpool"));
  symlinkSync(join(repo, "node_modules", "@pulumi", "pulumi"), join(cwd, "node_modules", "@pulumi", "pulumi"));
  writeFileSync(
    join(cwd, "Pulumi.yaml"),
    "name: canary\nruntime:\n  name: nodejs\n  options: { typescript: false }\nmain: index.js\nconfig:\n  word: { secret: true }\n",
  );
  writeFileSync(join(cwd, "Pulumi.dev.yaml"), `config:\n  canary:word: ${JSON.stringify(CANARIES.config)}\n`);
  writeFileSync(join(cwd, "index.js"), PROGRAM);
  writeFileSync(
    join(cwd, "prefect.yaml"),
    "deployments:\n  - name: extra\n    entrypoint: flow.py:hello\n    work_pool: { name: local, job_variables: { command: 'true' } }\n",
  );
  writeFileSync(join(cwd, "flow.py"), "from prefect import flow\n@flow\ndef hello():\n    pass\n");
  return place({ cwd, env: { PULUMI_CONFIG_PASSPHRASE: CANARIES.passphrase, AWS_SECRET_ACCESS_KEY: CANARIES.cloudKey } });
}

/** Each canary in the forms in which it might be printed; halves if it is printed in pieces. */
const FORMS = Object.values(CANARIES).flatMap((text) => [
  ...text.split("\n"),
  JSON.stringify(text).slice(1, -1),
  encodeURIComponent(text),
  Buffer.from(text).toString("base64").slice(0, -4),
  Buffer.from(`user:${text}`).toString("base64").slice(8, -4),
  text.slice(9, 30),
]);

function checked(command: string, { stdout, stderr }: Ended): Record<string, unknown>[] {
  for (const form of FORMS) expect([command, form, stdout.includes(form), stderr.includes(form)]).toEqual([command, form, false, false]);
  expect([command, /CANARY/.exec(stdout)?.[0], /CANARY/.exec(stderr)?.[0]]).toEqual([command, undefined, undefined]);
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("no command with --json prints a secret", { timeout: 600_000 }, async () => {
  const here = project();
  const done = new Set<string>();
  const run = (command: string, ...args: string[]) => {
    done.add(command);
    const ended = here.pushpool(command, ...args, "--json");
    return { ...ended, lines: checked(command, ended) };
  };
  const offline = ["-y", "--engine", "offline"];

  expect(run("preview", "--engine", "offline")).toMatchObject({ status: 0 });
  const up = run("up", ...offline);
  expect(up).toMatchObject({ status: 0, stderr: "" });
  const messages = up.lines.flatMap((line) => {
    const text = (line.stdoutEvent ?? line.diagnosticEvent) as { message: string; severity?: string } | undefined;
    return text ? [text] : [];
  });
  // They were printed, but none of the SDK's debug messages.
  for (const part of ["the word is [secret]", "cloud key [secret]", "creating with [secret]"])
    expect(messages.map(({ message }) => message)).toContainEqual(expect.stringContaining(part));
  expect(messages.filter(({ severity }) => severity === "debug")).toEqual([]);
  expect(up.lines.at(-1)).toMatchObject({ result: { outputs: { own: "[secret]", token: "[secret]" } } });
  expect(run("refresh", ...offline).status).toBe(0);
  here.env.FAILS = "1";
  expect(run("up", ...offline).status).toBe(5);
  delete here.env.FAILS;

  expect(run("pools").status).toBe(0);
  expect(run("ledger").status).toBe(0);
  expect(run("deployments").status).toBe(0);
  expect(run("manifest", "show").status).toBe(0);
  expect(run("manifest", "schema").status).toBe(0);
  run("deploy", "--all");
  expect(run("run", "c/good", "--flow-run-name", "good").status).toBe(0);
  expect(run("run", "c/bad", "--flow-run-name", "bad").status).toBe(1);
  expect(run("run", "c/good", "--dry-run").status).toBe(0);
  expect(run("ls").status).toBe(0);
  expect(run("show", "good").status).toBe(0);
  expect(run("logs", "good").status).toBe(0);
  expect(run("wait", "bad").status).toBe(1);
  expect(run("retry", "bad").status).toBe(1);
  run("cancel", "good");
  run("init", "local");

  done.add("serve");
  const serving = here.start("serve", "--port", "0", "--json");
  const heard = listen(serving);
  await until(() => heard.stdout().includes("\n") || heard.stderr().includes("\n"));
  serving.kill("SIGTERM");
  const status = await heard.ended;
  checked("serve", { status, stdout: heard.stdout(), stderr: heard.stderr() });

  done.add("ui");
  const page = here.start("ui", "--port", "0", "--no-open", "--json");
  const said = listen(page);
  await until(() => said.stdout().includes("\n"));
  page.kill("SIGTERM");
  checked("ui", { status: await said.ended, stdout: said.stdout(), stderr: said.stderr() });

  expect(run("destroy", ...offline, "--force").status).toBe(0);
  expect([...done].sort()).toEqual(
    buildProgram()
      .commands.map((command) => command.name())
      .sort(),
  );
  expect(existsSync(join(here.home, "stacks", "canary", "dev.json"))).toBe(true);
});
