import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import type { JsonObject } from "../../src/json";
import { UNKNOWN } from "../../src/unknown";
import { openWorkspace } from "../../src/workspace";
import { openRuns } from "../../src/workspaceRuns";
import { project } from "./declared";
import { type DynamicProvider, dynamicProvider } from "./dynamicProvider";

// FlowRun under Pulumi: the inputs that a program registers go to Pulumi's own provider process, which is called as the engine calls it.

// Each test starts several processes that load Pulumi.
vi.setConfig({ testTimeout: 180_000 });

const SECRET = "hunter2-very-secret";

/** A command that records its start, waits for the code in a file (or until the test's folder is removed), and exits with it. */
const PATIENT = `sh -c 'echo $$ >> starts; echo started; while [ -e starts ] && [ ! -s go ]; do sleep 0.05; done; echo went $(cat go); exit $(cat go)'`;

function workplace() {
  const { dir, declare } = project();
  const env = {
    ...process.env,
    PUSHPOOL_HOME: join(dir, ".pushpool"),
    XDG_STATE_HOME: join(dir, "state"),
    PULUMI_CONFIG_PASSPHRASE: "the-passphrase",
  };
  const go = (code = 0) => writeFileSync(join(dir, "go"), String(code));
  return {
    dir,
    env,
    provider: () => dynamicProvider(dir, env),
    /** The inputs of one FlowRun on one pool and one deployment. */
    inputs: (program: Program = {}) => declare(textOf(program))[0]?.inputs as JsonObject,
    /** The inputs of several FlowRuns, each as if it were the only one of its program. */
    inputsOf: (...programs: Program[]) => {
      const declared = declare(programs.map(textOf).join("\n"));
      // The order of registration is not fixed.
      return programs.map((_, index) => {
        const { inputs = {} } = declared.find(({ name }) => name === `smoke-${index}`) ?? {};
        return { ...inputs, source: { ...(inputs.source as JsonObject), name: "smoke-0" } } as JsonObject;
      });
    },
    declare,
    go,
    starts: () => (existsSync(join(dir, "starts")) ? readFileSync(join(dir, "starts"), "utf8").trim().split("\n") : []),
    /** The runs that any other pushpool command sees here. */
    ledger: async () => {
      const runs = await openRuns({ workspace: openWorkspace({ cwd: dir, env, stack: "dev" }) });
      const seen = await runs.listRuns();
      await runs.close();
      return seen;
    },
  };
}

interface Program {
  command?: string;
  pool?: string;
  deployment?: string;
  run?: string;
}

function textOf({ command = PATIENT, pool = "", deployment = "", run = "" }: Program, index = 0): string {
  return `{
const pool = new ProcessPushPool("local", { ${pool} });
const hello = new Deployment("hello/prod", { workPoolName: pool.workPoolName, command: ${JSON.stringify(command)}, ${deployment} });
new FlowRun("smoke-${index}", { pool: pool.definition, deployment: hello.definition, ${run} });
}`;
}

const here = (dir: string) => `jobVariables: { working_dir: ${JSON.stringify(dir)} }`;

/** Like `up` with a new resource. */
async function created(provider: DynamicProvider, news: JsonObject) {
  const { inputs, failures } = await provider.check({}, news);
  expect(failures).toEqual([]);
  return provider.create(inputs);
}

test("a run is created with its outputs when it has COMPLETED, in the project's ledger; a second `up` changes nothing", async () => {
  const { provider, inputs, ledger } = workplace();
  const news = inputs({ command: "sh -c 'echo $PUSHPOOL_PARAMETERS'", run: `parameters: { name: "Ada" }, tags: ["t"]` });
  const one = await provider();
  const { id, outs } = await created(one, news);
  expect(outs).toMatchObject({
    runId: id,
    state: "COMPLETED",
    exitCode: 0,
    startedAt: expect.any(String),
    endedAt: expect.any(String),
    __provider: news.__provider,
  });
  expect(await ledger()).toMatchObject([
    { id, deployment: "hello/prod", workPool: "local", parameters: { name: "Ada" }, tags: ["t"], stack: "conf/dev" },
  ]);
  expect(one.output()).toContain(`(${id}) of hello/prod is COMPLETED`);

  const { inputs: again } = await one.check(news, news);
  expect(again).toEqual(news);
  expect(await one.diff(id, outs, again)).toMatchObject({ changes: false, replaces: [] });
  expect(await one.read(id, outs)).toEqual({ id, props: outs });
});

test("the ledger is found from the program's folder, in which Pulumi starts a provider", async () => {
  const { dir, env, inputs, ledger } = workplace();
  const { PUSHPOOL_HOME: _, ...others } = env;
  mkdirSync(join(dir, "program"));
  const one = await dynamicProvider(join(dir, "program"), others);
  const { id } = await created(one, inputs({ command: "true" }));
  expect(existsSync(join(dir, "program", ".pushpool"))).toBe(false);
  expect(await ledger()).toMatchObject([{ id }]);
});

test("kill -9 of the provider during the run: the next `create` adopts the run, even two at the same time", async () => {
  const { dir, provider, inputs, go, starts, ledger } = workplace();
  const news = inputs({ pool: here(dir) });
  const killed = await provider();
  const lost = created(killed, news).catch((error) => error);
  await expect.poll(starts).toHaveLength(1);
  await killed.kill();
  expect(await lost).toMatchObject({ message: expect.any(String) });

  const next = await Promise.all([provider(), provider()]);
  const both = next.map((one) => created(one, news));
  await expect.poll(() => next.map((one) => one.output()).join()).toMatch(/is RUNNING.*is RUNNING/s);
  go();
  const [first, second] = await Promise.all(both);
  expect(first).toMatchObject({ outs: { state: "COMPLETED", attempt: 1 } });
  expect(second).toEqual(first);
  expect(starts()).toHaveLength(1);
  expect(await ledger()).toHaveLength(1);
});

test("`create` with the inputs of an existing resource is a replacement: a new run, while the old one is deleted", async () => {
  const { dir, provider, inputs, starts, go, ledger } = workplace();
  // With one slot a replacement would wait for the old run forever.
  const news = inputs({ pool: `concurrencyLimit: 1, ${here(dir)}`, run: "wait: false" });
  const one = await provider();
  const first = await created(one, news);
  await expect.poll(starts).toHaveLength(1);
  const second = await created(await provider(), news);
  expect(second.id).not.toBe(first.id);
  await expect.poll(starts).toHaveLength(2);
  await one.delete(first.id, first.outs);
  const states = async () => Object.fromEntries((await ledger()).map(({ id, state }) => [id, state.type]));
  expect(await states()).toEqual({ [first.id]: "CANCELLED", [second.id]: "RUNNING" });

  // The other order: delete first.
  await one.delete(second.id, second.outs);
  go();
  const third = await created(one, inputs({ pool: here(dir) }));
  expect(third.outs.state).toBe("COMPLETED");
  expect(await states()).toEqual({ [first.id]: "CANCELLED", [second.id]: "CANCELLED", [third.id]: "COMPLETED" });
});

test("a running run is deleted before it is replaced; a change at a path of replaceOnChanges is a replacement", async () => {
  const { provider, inputsOf } = workplace();
  const [news = {}, tagged = {}, nested = {}, any = {}] = inputsOf(
    { command: "true" },
    { command: "true", run: `tags: ["x"] }, { replaceOnChanges: ["tags"]` },
    { command: "true", pool: `labels: { a: "1" }`, run: `}, { replaceOnChanges: ['pool.pool["labels"].a']` },
    { command: "true", run: `tags: ["x"] }, { replaceOnChanges: ["*"]` },
  );
  const one = await provider();
  const { id, outs } = await created(one, news);
  const differences = [tagged, nested, any].map((inputs) => one.diff(id, outs, inputs));
  expect((await Promise.all(differences)).map(({ replaces }) => replaces)).toEqual([["tags"], ["pool"], ["tags"]]);
  expect(await one.diff(id, outs, tagged)).toMatchObject({ deleteBeforeReplace: false });
  expect(await one.diff(id, { ...outs, state: "RUNNING" }, tagged)).toMatchObject({ deleteBeforeReplace: true });
  // A change of the option alone is not a change.
  const { replaceOnChanges, ...same } = { ...news, replaceOnChanges: ["tags"] };
  expect(await one.diff(id, outs, { ...same, replaceOnChanges })).toMatchObject({ changes: false, replaces: [] });
});

test("a failed run fails `up`, with the reason and its last lines; the next `up` makes another attempt", async () => {
  const { dir, provider, inputs, go, starts } = workplace();
  const news = inputs({
    command: "sh -c 'echo $$ >> starts; seq 1 30; echo token $TOKEN; exit $(cat go)'",
    pool: `jobVariables: { working_dir: ${JSON.stringify(dir)}, env: { TOKEN: pulumi.secret("${SECRET}") } }`,
  });
  const one = await provider();
  go(3);
  const failed = await created(one, news).catch((error) => error);
  expect(failed.message).toMatch(/^flow run \S+ \(\S+\) of hello\/prod is FAILED: the command exited with code 3\. Its last lines/);
  expect(failed.message).toMatch(/pushpool logs [-0-9a-f]{36}/);
  expect(failed.message.split("\n").slice(1)).toEqual([...Array.from({ length: 19 }, (_, index) => `  ${index + 12}`), "  token [secret]"]);
  expect(failed.partial).toBeUndefined();

  // A secret is masked even where a long line is cut in its middle, and line by line.
  const long = inputs({
    run: `triggers: ["long"]`,
    command: `sh -c 'printf "%03990d$TOKEN\\n" 0; echo "$PEM"; exit 3'`,
    pool: `jobVariables: { env: { TOKEN: pulumi.secret("${SECRET}"), PEM: pulumi.secret("-----BEGIN KEY-----\\nMIIEvQIBADAN\\nQw3=") } }`,
  });
  const cut = await created(one, long).catch((error) => error);
  expect(cut.message.split("\n").slice(1)).toEqual(["  [secret]", "  [secret]", "  [secret]"]);

  go(0);
  const { outs } = await created(one, news);
  expect(outs).toMatchObject({ state: "COMPLETED", exitCode: 0, attempt: 2 });
  expect(starts()).toHaveLength(2);
});

test("after a failure the deployment's own parameters may change too: that is a new run", async () => {
  const { provider, inputsOf, ledger } = workplace();
  const one = await provider();
  const command = `sh -c 'case "$PUSHPOOL_PARAMETERS" in *good*) exit 0;; *) exit 4;; esac'`;
  const deployments = [`parameters: { name: "bad" }`, `parameters: { name: "good" }`];
  const [bad = {}, good = {}] = inputsOf(...deployments.map((deployment) => ({ command, deployment })));
  await expect(created(one, bad)).rejects.toMatchObject({
    message: expect.stringContaining("code 4. It wrote nothing."),
  });
  const { outs } = await created(one, good);
  expect(outs).toMatchObject({ state: "COMPLETED", attempt: 1 });
  expect(await ledger()).toHaveLength(2);
});

test("new parameters, job variables or triggers start a new run; new credentials, templates and images are only stored", async () => {
  const { provider, inputsOf, ledger } = workplace();
  const base = { command: "true", pool: `jobVariables: { env: { TOKEN: pulumi.secret("one") } }`, run: `triggers: ["v1"]` };
  const [news = {}, triggered = {}, parametrized = {}, varied = {}, rotated = {}, ...others] = inputsOf(
    base,
    { ...base, run: `triggers: ["v2"]` },
    { ...base, run: `triggers: ["v1"], parameters: { a: 1 }` },
    { ...base, run: `triggers: ["v1"], jobVariables: { env: { A: "b" } }` },
    { ...base, pool: `jobVariables: { env: { TOKEN: pulumi.secret("two") } }` },
    { ...base, pool: `concurrencyLimit: 2, jobVariables: { env: { TOKEN: pulumi.secret("one") } }` },
    { ...base, deployment: `jobVariables: { name: "other" }` },
    { ...base, run: `triggers: ["v1"], timeout: "10m", tags: ["x"]` },
  );
  const one = await provider();
  const { id, outs } = await created(one, news);
  const difference = async (inputs: JsonObject) => one.diff(id, outs, (await one.check(news, inputs)).inputs);
  expect(await difference(triggered)).toMatchObject({ changes: true, replaces: ["triggers"] });
  expect(await difference(parametrized)).toMatchObject({ changes: true, replaces: ["parameters"] });
  expect(await difference(varied)).toMatchObject({ changes: true, replaces: ["jobVariables"] });
  expect(others).toHaveLength(3);
  for (const inputs of [rotated, ...others]) expect(await difference(inputs)).toMatchObject({ changes: true, replaces: [] });

  const stored = await one.update(id, outs, rotated);
  expect(stored).toMatchObject({ runId: id, state: "COMPLETED", attempt: 1 });
  expect(await one.diff(id, stored, rotated)).toMatchObject({ changes: false, replaces: [] });
  expect(await ledger()).toHaveLength(1);

  // A replacement: the new run is created before the old one is deleted.
  const next = await created(one, triggered);
  expect(next.id).not.toBe(id);
  await one.delete(id, outs);
  expect(await ledger()).toHaveLength(2);

  // The first inputs again: the deleted run is not adopted.
  const back = await created(one, news);
  expect([id, next.id]).not.toContain(back.id);
});

test("a secret reaches the run, but neither the ledger nor the outputs, except in `secrets`", async () => {
  const { dir, provider, inputs, declare } = workplace();
  const news = inputs({
    command: `sh -c 'test "\${#TOKEN} \${#OTHER} $OPEN$PULUMI_CONFIG_PASSPHRASE" = "${SECRET.length} ${SECRET.length + 1} open"'`,
    pool: `jobVariables: { env: { TOKEN: pulumi.secret("${SECRET}"), OPEN: "open" } }`,
    run: `jobVariables: { env: { OTHER: pulumi.secret("${SECRET}2") } }, triggers: [pulumi.secret("${SECRET}3"), "x"]`,
  });
  expect(news.secretPaths).toEqual([
    "/pool/pool/baseJobTemplate/variables/properties/env/default/TOKEN",
    "/jobVariables/env/OTHER",
    "/triggers/0",
  ]);
  const one = await provider();
  const { id, outs } = await created(one, news);
  expect(outs).toMatchObject({ state: "COMPLETED", jobVariables: { env: { OTHER: "[secret]" } }, triggers: ["[secret]", "x"] });
  const { secrets, deployment: _, ...open } = outs;
  expect(JSON.stringify(open)).not.toContain(SECRET);
  expect(Object.values(secrets as JsonObject)).toEqual(expect.arrayContaining([SECRET, `${SECRET}2`, `${SECRET}3`]));
  for (const file of ["ledger.db", "ledger.db-wal"]) {
    const path = join(dir, ".pushpool", file);
    expect(existsSync(path) && readFileSync(path, "latin1").includes(SECRET)).toBe(false);
  }
  expect(await one.diff(id, outs, news)).toMatchObject({ changes: false, replaces: [] });
  const rotated = structuredClone(news);
  (rotated.triggers as string[])[0] = "another";
  expect(await one.diff(id, outs, rotated)).toMatchObject({ changes: true, replaces: ["triggers"] });

  const refused = declare(`
const pool = new ProcessPushPool("local");
const hello = new Deployment("hello/prod", { workPoolName: pool.workPoolName, command: "true" });
new FlowRun("smoke", { pool: pool.definition, deployment: hello.definition, parameters: { key: pulumi.secret("${SECRET}") } });`);
  const { failures } = await one.check({}, refused[0]?.inputs as JsonObject);
  expect(failures).toEqual([expect.stringMatching(/^parameters\.key is a secret, but the ledger stores this value in plain text/)]);
  expect(failures.join()).not.toContain(SECRET);
});

test("refresh reads the ledger, and changes nothing without one", async () => {
  const { dir, env, provider, inputs, go } = workplace();
  const one = await provider();
  const { id, outs } = await created(one, inputs({ pool: here(dir), run: "wait: false" }));
  expect(["PENDING", "RUNNING"]).toContain(outs.state);
  go(5);
  await expect
    .poll(async () => (await one.read(id, outs)).props)
    .toMatchObject({ runId: id, state: "FAILED", exitCode: 5, endedAt: expect.any(String) });

  const elsewhere = await dynamicProvider(dir, { ...env, PUSHPOOL_HOME: join(dir, "elsewhere") });
  expect(await elsewhere.read(id, outs)).toEqual({ id, props: outs });
  expect(existsSync(join(dir, "elsewhere"))).toBe(false);
});

test("`wait: false` returns at once; a second `up` starts nothing; delete cancels the run and waits until it has stopped", async () => {
  const { dir, provider, inputs, starts, ledger } = workplace();
  const news = inputs({ pool: here(dir), run: "wait: false" });
  const one = await provider();
  const { id, outs } = await created(one, news);
  await expect.poll(starts).toHaveLength(1);
  expect(await one.diff(id, outs, news)).toMatchObject({ changes: false, replaces: [] });
  expect(await one.update(id, outs, inputs({ pool: here(dir), run: `wait: false, tags: ["x"]` }))).toMatchObject({ runId: id });

  const [pid] = starts();
  await one.delete(id, outs);
  expect(await ledger()).toMatchObject([{ id, state: { type: "CANCELLED" } }]);
  expect(() => process.kill(Number(pid), 0)).toThrow(/ESRCH/);
  await one.delete(id, outs);
  expect(starts()).toHaveLength(1);
});

test("a delete ends another process's wait; a delete without a ledger asks the target by the run's id", async () => {
  const { dir, provider, inputs, starts, ledger } = workplace();
  const one = await provider();
  const waited = inputs({ pool: here(dir) });
  const waiting = created(one, waited).catch((error) => error);
  await expect.poll(starts).toHaveLength(1);
  await expect.poll(one.output).toMatch(/is RUNNING/);
  const [{ id = "" } = {}] = await ledger();
  const two = await provider();
  await two.delete(id, { ...waited, runId: id, state: "RUNNING", attempt: 1 });
  expect((await waiting).message).toMatch(/is CANCELLED: stopped on request/);

  const other = await created(one, inputs({ pool: here(dir), run: "wait: false" }));
  await expect.poll(starts).toHaveLength(2);
  for (const file of ["ledger.db", "ledger.db-wal", "ledger.db-shm"]) {
    rmSync(join(dir, ".pushpool", file), { force: true });
  }
  await (await provider()).delete(other.id, other.outs);
  expect(() => process.kill(Number(starts()[1]), 0)).toThrow(/ESRCH/);
});

test("delete from another clone of the project stops the process too; a run that cannot be checked is not reported as gone", async () => {
  const { dir, env, provider, inputs, starts } = workplace();
  const one = await provider();
  const { id, outs } = await created(one, inputs({ pool: here(dir), run: "wait: false" }));
  await expect.poll(starts).toHaveLength(1);
  const elsewhere = await dynamicProvider(dir, { ...env, PUSHPOOL_HOME: join(dir, "elsewhere") });
  const other = "0193f5a8-0000-7000-8000-000000000000";
  await elsewhere.delete(other, { ...outs, runId: other });
  expect(elsewhere.output()).toMatch(
    /warning: flow run 0193f5a8-0000-7000-8000-000000000000 was (PENDING|RUNNING) when last seen from here\. Cannot check whether it still runs: its process is on the machine that submitted it/,
  );
  expect(elsewhere.output()).not.toMatch(/nothing to stop/);
  await elsewhere.delete(id, outs);
  if (process.platform === "linux") expect(() => process.kill(Number(starts()[0]), 0)).toThrow(/ESRCH/);
});

test("`timeout` ends the watching, not the run: it is in the state as not ready, and the next `up` watches it again", async () => {
  const { dir, provider, inputs, go, starts } = workplace();
  const news = inputs({ pool: here(dir), run: `timeout: "500ms"` });
  const one = await provider();
  const failed = await created(one, news).catch((error) => error);
  expect(failed.message).toMatch(
    /is still (PENDING|RUNNING) after 0\.5 s \(timeout\)\. It continues to run: the next `up` watches it again/,
  );
  expect(failed.partial).toMatchObject({ properties: { __provider: news.__provider }, reasons: [failed.message] });
  const { id, properties } = failed.partial;
  await expect.poll(starts).toHaveLength(1);
  expect(await one.diff(id, properties, news)).toMatchObject({ changes: true, replaces: [] });
  const more = one.update(id, properties, inputs({ pool: here(dir) }));
  go();
  expect(await more).toMatchObject({ runId: id, state: "COMPLETED", exitCode: 0 });
  expect(starts()).toHaveLength(1);
});

test("properties that are too long for an error are left out: the run is then found only by its key", async () => {
  const { dir, provider, inputsOf, starts } = workplace();
  const sized = (size: number) => ({
    pool: `${here(dir)}, labels: { big: "x".repeat(${size}) }`,
    run: `timeout: "100ms", parameters: { size: ${size} }`,
  });
  const [fitting = {}, tooBig = {}] = inputsOf(sized(24_000), sized(60_000));
  const one = await provider();
  const failed = await Promise.all([fitting, tooBig].map((news) => created(one, news).catch((error) => error)));
  expect(failed.map(({ message }) => message)).toEqual(Array(2).fill(expect.stringMatching(/after 0\.1 s \(timeout\)/)));
  expect(failed.map(({ partial }) => partial?.properties.pool.pool.labels.big.length)).toEqual([24_000, undefined]);
  await expect.poll(starts).toHaveLength(2);
  const again = await created(one, tooBig).catch((error) => error);
  expect(again.message).toMatch(/after 0\.1 s/);
  expect(starts()).toHaveLength(2);
});

test("a run that fails after `timeout` gets another attempt, even after a refresh has seen the failure", async () => {
  const { dir, provider, inputs, go, starts } = workplace();
  const news = inputs({ pool: here(dir), run: `timeout: "100ms"` });
  const one = await provider();
  const { id, properties } = (await created(one, news).catch((error) => error)).partial;
  await expect.poll(starts).toHaveLength(1);
  go(3);
  await expect.poll(async () => (await one.read(id, properties)).props.state).toBe("FAILED");
  const { props } = await one.read(id, properties);
  expect(await one.diff(id, props, news)).toMatchObject({ changes: true, replaces: [] });
  const waits = { ...news, timeout: "1h" };
  await expect(one.update(id, props, waits)).rejects.toMatchObject({ message: expect.stringMatching(/attempt 2\) .* is FAILED/) });
  go(0);
  expect(await one.update(id, props, waits)).toMatchObject({ runId: id, state: "COMPLETED", attempt: 3 });
});

test("kill -9 of the provider at any moment: there is one run, and it starts once", async () => {
  const { dir, provider, inputs, starts, ledger } = workplace();
  const news = inputs({ pool: here(dir), command: "sh -c 'echo $$ >> starts; sleep 1'" });
  let made: { outs: JsonObject } | undefined;
  for (const wait of [0, 20, 40, 60, 80, 100, 130, 160, 200]) {
    const one = await provider();
    const lost = one.create(news).catch(() => undefined);
    await sleep(wait);
    await one.kill();
    made = await lost;
    // On a quick machine the run may end, and the resource exist, before a kill. Another `create` would replace it.
    if (made) break;
  }
  made ??= await created(await provider(), news);
  expect(made.outs).toMatchObject({ state: "COMPLETED", attempt: 1 });
  expect(await ledger()).toHaveLength(1);
  expect(starts()).toHaveLength(1);
});

test("overridePool: the run is on its pool, not on the deployment's", async () => {
  const { provider, inputs, ledger } = workplace();
  const one = await provider();
  const made = inputs({ command: "true" });
  const news = { ...made, pool: { ...(made.pool as JsonObject), name: "other" }, overridePool: true };
  expect((await created(one, news)).outs).toMatchObject({ state: "COMPLETED" });
  expect(await ledger()).toMatchObject([{ deployment: "hello/prod", workPool: "other" }]);
});

test("problems are reported before anything runs, and unknown values are accepted", async () => {
  const { provider, inputs } = workplace();
  const one = await provider();
  const failuresOf = async (news: JsonObject) => (await one.check({}, news)).failures;
  const good = inputs({ command: "true" });
  expect(await failuresOf({ ...good, overridePool: "yes" })).toEqual(["overridePool must be true or false"]);
  expect(await failuresOf({ ...good, wait: "yes", timeout: "soon", triggers: {}, parameters: [] })).toEqual([
    "wait must be true or false",
    "parameters must be an object, as { name: value }",
    "triggers must be a list: the flow runs again when one of them changes",
    'timeout "soon": must be a duration, such as 90s, 10m or 1h30m',
  ]);
  expect(await failuresOf({ ...good, jobVariables: { enw: {} } })).toEqual([expect.stringMatching(/enw.*did you mean "env"/)]);
  expect(await failuresOf({ ...good, pool: { ...(good.pool as JsonObject), name: "locall" } })).toEqual([
    expect.stringMatching(/there is no work pool "local" in FlowRun "smoke-0".*"locall"/),
  ]);
  const { deployment, name } = good.deployment as JsonObject;
  const notYet = {
    ...good,
    deployment: { name, deployment: { ...(deployment as JsonObject), workPool: { name: UNKNOWN } } },
    wait: UNKNOWN,
  };
  expect(await failuresOf(notYet as JsonObject)).toEqual([]);
});
