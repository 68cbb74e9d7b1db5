import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "../../src/json";
import { loadManifest, pullManifest, reloadManifest } from "../../src/manifest";
import { MASK, Secret } from "../../src/secret";
import { recordEngine, selectStack } from "../../src/stacks";
import type { UserError } from "../../src/userError";
import { openWorkspace } from "../../src/workspace";
import { scratch } from "../scratch";

const SECRET = "hunter2-very-secret";

const manifestOf = (stack: string, project = "data"): JsonObject => ({
  kind: "pushpool.dev/manifest",
  version: 1,
  source: { project, stack },
  pools: {},
  blocks: { "secret/token": { data: { value: SECRET } } },
  variables: { from: stack, key: SECRET },
});
const masked = (value: Json): Json => JSON.parse(JSON.stringify(value).replaceAll(SECRET, MASK)) as Json;

/** Make a Pulumi project in a new folder, isolated from the machine's own settings. */
function project(env: NodeJS.ProcessEnv = {}) {
  const dir = scratch();
  writeFileSync(join(dir, "Pulumi.yaml"), "name: data\nruntime: nodejs\n");
  const all = { PATH: "/nowhere", XDG_STATE_HOME: join(dir, "state"), ...env };
  const open = (stack?: string, more: NodeJS.ProcessEnv = {}) =>
    openWorkspace({ cwd: dir, env: { ...all, ...more }, create: true, ...(stack === undefined ? {} : { stack }) });
  return { dir, open, home: open().home };
}

/** Make a fake Pulumi CLI with these outputs of stack `prod`. It records its calls. */
function fakePulumi(
  dir: string,
  outputs: JsonObject,
  selected = "acme/data/prod",
): { PATH: string; calls: () => string[]; break: () => void } {
  const bin = join(dir, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "shown.json"), JSON.stringify(outputs));
  writeFileSync(join(bin, "masked.json"), JSON.stringify(masked(outputs)));
  const script = `#!/bin/sh
echo "$PULUMI_SKIP_UPDATE_CHECK $*" >> ${bin}/calls
case "$*" in
  *--show-name*) echo ${selected} ;;
  *broken*) ;;
  *--show-secrets*) cat ${bin}/shown.json ;;
  *output*) cat ${bin}/masked.json ;;
esac
`;
  writeFileSync(join(bin, "pulumi"), script, { mode: 0o755 });
  return {
    PATH: `${bin}:/usr/bin:/bin`,
    calls: () => readFileSync(join(bin, "calls"), "utf8").trim().split("\n"),
    break: () => writeFileSync(join(bin, "pulumi"), '#!/bin/sh\necho "error: cannot log in" >&2\nexit 255\n', { mode: 0o755 }),
  };
}

/** Write the state of a stack as the offline engine does, but without marking secrets. */
function offlineStack(home: string, outputs: JsonObject, stack = "dev"): void {
  const urn = `urn:pulumi:${stack}::data::pulumi:pulumi:Stack::data-${stack}`;
  const resources = [{ urn, custom: false, type: "pulumi:pulumi:Stack", outputs }];
  mkdirSync(join(home, "stacks", "data"), { recursive: true });
  const deployment = { manifest: { time: "2026-01-01T00:00:00Z", magic: "", version: "" }, resources };
  writeFileSync(join(home, "stacks", "data", `${stack}.json`), JSON.stringify({ version: 3, deployment }));
  recordEngine(home, "data", stack, "offline");
  selectStack(home, "data", stack);
}

async function refusal(promise: Promise<unknown>): Promise<UserError> {
  const error = await promise.then(
    () => undefined,
    (reason: UserError) => reason,
  );
  if (error?.name !== "UserError") throw error ?? new Error("nothing was refused");
  expect(error.message).not.toContain(SECRET);
  return error;
}

test("the order is: --manifest, $PUSHPOOL_MANIFEST, the stack, a manifest that was pulled earlier", async () => {
  const { dir, open, home } = project();
  const from = async (stack?: string, manifest?: string, env: NodeJS.ProcessEnv = {}) => {
    const found = await loadManifest(open(stack, env), {
      secrets: false,
      ...(manifest ? { manifest } : {}),
      stdin: async () => JSON.stringify(manifestOf("piped")),
    });
    return [found.stack, found.origin];
  };
  const file = join(dir, "given.json");
  writeFileSync(file, JSON.stringify(manifestOf("given")));
  writeFileSync(join(dir, "env.json"), JSON.stringify(manifestOf("env")));

  offlineStack(home, { pushPools: manifestOf("dev") });
  await pullManifest(open(), { withSecrets: false });

  expect(await from(undefined, "given.json", { PUSHPOOL_MANIFEST: "env.json" })).toEqual(["data/given", file]);
  expect(await from(undefined, "-", { PUSHPOOL_MANIFEST: "env.json" })).toEqual(["data/piped", "standard input"]);
  expect(await from(undefined, undefined, { PUSHPOOL_MANIFEST: "env.json" })).toEqual(["data/env", join(dir, "env.json")]);
  expect(await from(undefined, undefined, { PUSHPOOL_MANIFEST: JSON.stringify(manifestOf("text")) })).toEqual([
    "data/text",
    "$PUSHPOOL_MANIFEST",
  ]);
  expect(await from()).toEqual(["data/dev", "stack data/dev (offline engine)"]);

  const { unlinkSync } = await import("node:fs");
  unlinkSync(join(home, "stacks", "data", "dev.json"));
  expect(await from()).toEqual(["data/dev", "the manifest of data/dev pulled less than a minute ago"]);
});

test("without a manifest, the error has all places that were searched and says what to do", async () => {
  const { dir, open } = project();
  const inProject = await refusal(loadManifest(open(), { secrets: false }));
  expect(inProject.exitCode).toBe(2);
  for (const part of [
    "--manifest (not given)",
    "$PUSHPOOL_MANIFEST (not set)",
    `the Pulumi project data in ${dir} (no stack is selected`,
    "that was pulled earlier",
    "`pushpool up`",
    "--manifest FILE",
  ]) {
    expect(inProject.message).toContain(part);
  }
  expect((await refusal(loadManifest(open("dev"), { secrets: false }))).message).toContain(
    "stack data/dev (there was no `pushpool up` of it here, and `pulumi` is not on PATH)",
  );
  const bare = scratch();
  const outside = openWorkspace({ cwd: bare, env: { PATH: "/nowhere", PUSHPOOL_HOME: join(bare, "home") } });
  expect((await refusal(loadManifest(outside, { secrets: false }))).message).toContain(`no Pulumi.yaml in ${bare} or its parents`);
});

test("the manifest of a plain `pulumi up` is found in the selected stack; its secrets are requested only if needed", async () => {
  const { dir, open } = project();
  const pulumi = fakePulumi(dir, { other: 1, pushPools: manifestOf("prod") });
  const workspace = open(undefined, { PATH: pulumi.PATH });
  expect(workspace.stack).toEqual({ project: "data", stack: "prod", id: "data/prod" });

  const shown = await loadManifest(workspace, { secrets: false });
  expect([shown.stack, shown.origin]).toEqual(["data/prod", "stack data/prod (pulumi)"]);
  expect((shown.manifest.variables.key as Secret).known).toBe(false);
  const whole = await loadManifest(workspace, { secrets: true });
  expect((whole.manifest.variables.key as Secret).reveal()).toBe(SECRET);
  expect((whole.manifest.variables.key as Secret).pointers).toEqual(["/variables/key"]);
  expect(whole.manifest.variables.from).toBe("prod");
  const output = "true stack output --json --stack prod";
  expect(pulumi.calls().slice(1)).toEqual([
    `${output} --non-interactive`,
    `${output} --non-interactive`,
    `${output} --show-secrets --non-interactive`,
  ]);
});

test("a stack of an organization that --stack names is requested by its full name", async () => {
  const { dir, open } = project();
  const pulumi = fakePulumi(dir, { pushPools: manifestOf("prod") });
  await loadManifest(open("acme/data/prod", { PATH: pulumi.PATH }), { secrets: false });
  expect(pulumi.calls()).toEqual(["true stack output --json --stack acme/data/prod --non-interactive"]);
});

test("the output is found by its kind; two are an error unless one is chosen; the error for none lists the outputs", async () => {
  const { open, home } = project();
  const message = async (outputs: JsonObject, output?: string) => {
    offlineStack(home, outputs);
    return (await refusal(loadManifest(open(), { secrets: false, ...(output ? { output } : {}) }))).message;
  };
  const two = { a: manifestOf("dev"), b: manifestOf("dev") };
  expect(await message(two)).toBe("stack data/dev (offline engine) has 2 manifests among its outputs: choose one with --output: a, b");
  expect(await message({ url: "x", pool: { kind: "other" } })).toMatch(
    /has no manifest among its outputs \(it has url, pool\)\..*manifest\(\{ pools/,
  );
  expect(await message({})).toMatch(/\(it has no outputs\)/);
  expect(await message({ pushPools: MASK })).toMatch(/\(it has pushPools \(entirely secret\)\)/);
  expect(await message({ pushPools: MASK }, "pushPools")).toMatch(
    /output "pushPools" .* is entirely secret: export the result of manifest\(\) directly/,
  );
  expect(await message(two, "pushPools")).toBe(
    '--output "pushPools": stack data/dev (offline engine) has no such output: there is "a" and "b"',
  );
  offlineStack(home, two);
  expect((await loadManifest(open(), { secrets: false, output: "b" })).stack).toBe("data/dev");
});

test("a file may have all outputs of a stack, as `pulumi stack output --json` prints them", async () => {
  const { open } = project();
  const stdin = async () => JSON.stringify({ url: "x", pushPools: manifestOf("prod") });
  expect((await loadManifest(open(), { manifest: "-", secrets: false, stdin })).stack).toBe("data/prod");
});

/** The manifest as a program in another language exports it: one string, with the list of its secrets. */
const asString = (stack: string, more: JsonObject = {}) =>
  JSON.stringify({ ...manifestOf(stack), secretPaths: ["/blocks/secret~1token/data/value", "/variables/key"], ...more });

/** What a reader gets of the two secrets of `asString`. */
async function secretsOf(loading: ReturnType<typeof loadManifest>) {
  const { manifest, stack } = await loading;
  const { from, key } = manifest.variables;
  return { stack, from, known: (key as Secret).known, pointers: (key as Secret).pointers };
}

test("a manifest that is one secret string of a Pulumi stack is read, and masked value by value", async () => {
  const { dir, open } = project();
  // Pulumi masks the whole output.
  const pulumi = fakePulumi(dir, { url: "x", pushPools: asString("prod") });
  writeFileSync(join(dir, "bin", "masked.json"), JSON.stringify({ url: "x", pushPools: MASK }));
  const workspace = open(undefined, { PATH: pulumi.PATH });
  const expected = { stack: "data/prod", from: "prod", pointers: ["/variables/key"] };
  expect(await secretsOf(loadManifest(workspace, { secrets: false }))).toEqual({ ...expected, known: false });
  expect(await secretsOf(loadManifest(workspace, { secrets: false, output: "pushPools" }))).toEqual({ ...expected, known: false });
  expect(await secretsOf(loadManifest(workspace, { secrets: true }))).toEqual({ ...expected, known: true });
  const { path } = await pullManifest(workspace, { withSecrets: false });
  expect(readFileSync(path, "utf8")).toContain('"from": "prod"');
  expect(readFileSync(path, "utf8")).not.toContain(SECRET);
  expect(await secretsOf(loadManifest(open("prod"), { secrets: true }))).toEqual({ ...expected, known: false });
  const pulled = await pullManifest(workspace, { withSecrets: true });
  expect(pulled.path).not.toBe(path);
  expect(await secretsOf(loadManifest(open("prod"), { secrets: true }))).toEqual({ ...expected, known: true });
});

test("secrets of a stack are not read if its manifest is a tree", async () => {
  const { dir, open } = project();
  const pulumi = fakePulumi(dir, { password: SECRET, pushPools: manifestOf("prod") });
  await loadManifest(open(undefined, { PATH: pulumi.PATH }), { secrets: false });
  expect(pulumi.calls().filter((call) => call.includes("--show-secrets"))).toEqual([]);
});

test("a manifest that is one string is read from a file or a variable, in each form that Pulumi prints", async () => {
  const { open } = project();
  const text = asString("prod");
  const expected = { stack: "data/prod", from: "prod", known: true, pointers: ["/variables/key"] };
  const forms = {
    "stack output pushPools --show-secrets": text,
    "stack output pushPools --show-secrets --json": JSON.stringify(text),
    "stack output --show-secrets --json": JSON.stringify({ url: "x", pushPools: text }),
  };
  for (const [form, given] of Object.entries(forms)) {
    const stdin = async () => given;
    expect(await secretsOf(loadManifest(open(), { manifest: "-", secrets: true, stdin })), form).toEqual(expected);
    const inEnv = loadManifest(open(undefined, { PUSHPOOL_MANIFEST: given }), { secrets: true });
    expect(await secretsOf(inEnv), form).toEqual(expected);
  }
});

test("the manifest in docs/ci.md is read", async () => {
  const page = readFileSync(join(__dirname, "..", "..", "docs", "ci.md"), "utf8");
  const [, text = ""] = /^```json\n(.*?)^```/ms.exec(page) ?? [];
  const { manifest } = await loadManifest(project().open(), { manifest: "-", secrets: true, stdin: async () => text });
  expect(manifest.variables.token).toBeInstanceOf(Secret);
});

test("a manifest that is one string is refused with its fault, and without its secrets", async () => {
  const { open } = project();
  const message = async (given: unknown, output?: string) => {
    const stdin = async () => JSON.stringify(given);
    return (await refusal(loadManifest(open(), { manifest: "-", secrets: false, stdin, ...(output ? { output } : {}) }))).message;
  };
  expect(await message({ pushPools: asString("prod").slice(0, -9) })).toMatch(
    /standard input: invalid JSON: unexpected end of input at line 1/,
  );
  for (const secretPaths of ["/variables/key", [1], ["variables.key"]])
    expect(await message(asString("prod", { secretPaths }))).toMatch(
      /^standard input: secretPaths must be a list of JSON pointers, such as/,
    );
  expect(await message(asString("prod", { secretPaths: ["/source/stack"] }))).toMatch(/source\.stack must not be secret/);
  expect(await message({ a: asString("prod"), b: manifestOf("prod") })).toMatch(
    /has 2 manifests among its outputs: choose one with --output: a, b/,
  );
  expect(await message({ pushPools: MASK })).toMatch(
    /If "pushPools" is the manifest, give its value: `pulumi stack output pushPools --show-secrets`/,
  );
});

test("files that cannot be read are refused with their path", async () => {
  const { dir, open } = project();
  const message = async (manifest: string) => (await refusal(loadManifest(open(), { manifest, secrets: false }))).message;
  expect(await message("none.json")).toBe(`--manifest: there is no file ${join(dir, "none.json")}`);
  expect(await message(".")).toBe(`--manifest: ${dir} is a folder: give the file of a manifest`);
  writeFileSync(join(dir, "bad.json"), `{"key": ${SECRET}}`);
  expect(await message("bad.json")).toBe(`${join(dir, "bad.json")}: invalid JSON: unexpected character at line 1, column 9`);
  const inEnv = await refusal(loadManifest(open(undefined, { PUSHPOOL_MANIFEST: "none.json" }), { secrets: false }));
  expect(inEnv.message).toBe(`PUSHPOOL_MANIFEST: there is no file ${join(dir, "none.json")}`);
});

test("a manifest of another stack than --stack names is refused", async () => {
  const { open } = project();
  const stdin = async () => JSON.stringify(manifestOf("prod"));
  expect((await refusal(loadManifest(open("dev"), { manifest: "-", secrets: false, stdin }))).message).toBe(
    "standard input is the manifest of stack data/prod, but --stack names data/dev: leave out one of the two",
  );
  expect((await loadManifest(open("prod"), { manifest: "-", secrets: false, stdin })).stack).toBe("data/prod");
});

test.runIf(process.getuid?.() === 0)("a manifest file of another user is refused, also for root", async () => {
  const { dir, open } = project();
  const file = join(dir, "m.json");
  writeFileSync(file, JSON.stringify(manifestOf("prod")));
  chownSync(file, 12345, 12345);
  const message = (await refusal(loadManifest(open(), { manifest: "m.json", secrets: false }))).message;
  expect(message).toMatch(new RegExp(`^${file} belongs to uid 12345, and you are root \\(uid 0\\): its commands would run as you`));
});

test("a manifest file that anyone may write to is refused, and the error has the chmod command", async () => {
  const { dir, open } = project();
  const file = join(dir, "m.json");
  writeFileSync(file, JSON.stringify(manifestOf("prod")));
  chmodSync(file, 0o666);
  expect((await refusal(loadManifest(open(), { manifest: "m.json", secrets: false }))).message).toContain(`chmod go-w ${file}`);
});

const textUnder = (folder: string): string =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8" })
        .map((name) => join(folder, name))
        .filter((path) => statSync(path).isFile())
        .map((path) => readFileSync(path, "utf8"))
        .join("\n")
    : "";

test("a manifest pulled without secrets contains none in any file, and its origin has its age", async () => {
  const { dir, open, home } = project();
  const pulumi = fakePulumi(dir, { pushPools: manifestOf("prod") });
  const { path, origin } = await pullManifest(open(undefined, { PATH: pulumi.PATH }), {
    withSecrets: false,
    now: new Date("2026-01-01T00:00:00Z"),
  });
  expect([path, origin]).toEqual([join(home, "manifests", "data", "prod.json"), "stack data/prod (pulumi)"]);
  expect(textUnder(home) + textUnder(join(dir, "state"))).not.toContain(SECRET);

  const cached = await loadManifest(open("prod"), { secrets: true, now: new Date("2026-01-01T03:59:00Z") });
  expect(cached).toMatchObject({
    origin: "the manifest of data/prod pulled 3 hours ago",
    stack: "data/prod",
    cachedAt: new Date("2026-01-01T00:00:00Z"),
  });
  expect((cached.manifest.variables.key as Secret).known).toBe(false);
});

test("pulled secrets are outside the project for their owner only; the next pull without secrets removes them", async () => {
  const { dir, open, home } = project();
  const pulumi = fakePulumi(dir, { pushPools: manifestOf("prod") });
  const { path } = await pullManifest(open(undefined, { PATH: pulumi.PATH }), { withSecrets: true });
  expect(path.startsWith(join(dir, "state", "pushpool", "manifests"))).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(textUnder(home)).not.toContain(SECRET);
  const key = async (secrets: boolean) => (await loadManifest(open("prod"), { secrets })).manifest.variables.key as Secret;
  expect((await key(true)).reveal()).toBe(SECRET);
  expect((await key(false)).known).toBe(false);

  await pullManifest(open(undefined, { PATH: pulumi.PATH }), { withSecrets: false });
  expect(existsSync(path)).toBe(false);
  expect((await key(true)).known).toBe(false);
});

test("if Pulumi cannot be reached, the pulled manifest is used; without one, the error has Pulumi's message", async () => {
  const { dir, open } = project();
  const pulumi = fakePulumi(dir, { pushPools: manifestOf("prod") });
  const broken = () => open("acme/data/prod", { PATH: pulumi.PATH });
  await pullManifest(broken(), { withSecrets: false });
  pulumi.break();
  expect((await loadManifest(broken(), { secrets: false })).origin).toMatch(/^the manifest of data\/prod pulled/);
  expect((await refusal(loadManifest(open("other", { PATH: pulumi.PATH }), { secrets: false }))).message).toContain(
    "stack data/other (pulumi said: cannot log in)",
  );
  const failed = await refusal(pullManifest(broken(), { withSecrets: false }));
  expect([failed.exitCode, failed.message]).toEqual([5, "cannot pull a manifest. Looked at: stack data/prod (pulumi said: cannot log in)"]);
});

test("outside a project the only pulled manifest is used, -s chooses among several, and it is pulled again by its full name", async () => {
  const dir = scratch();
  const env = { PATH: "/nowhere", PUSHPOOL_HOME: join(dir, "home"), XDG_STATE_HOME: join(dir, "state") };
  const open = (stack?: string, PATH = env.PATH) =>
    openWorkspace({ cwd: dir, env: { ...env, PATH }, create: true, ...(stack ? { stack } : {}) });
  const pulumi = fakePulumi(dir, { pushPools: manifestOf("prod") });
  await pullManifest(open("acme/data/prod", pulumi.PATH), { withSecrets: false });
  const cached = await loadManifest(open(), { secrets: false });
  expect(cached.stack).toBe("data/prod");

  const other = fakePulumi(dir, { pushPools: manifestOf("prod", "other") });
  await pullManifest(open("acme/other/prod", other.PATH), { withSecrets: false });
  expect((await refusal(loadManifest(open(), { secrets: false }))).message).toMatch(/choose a stack with -s: data\/prod, other\/prod/);

  fakePulumi(dir, { pushPools: { ...manifestOf("prod"), variables: { from: "later" } } });
  const stale = await loadManifest(openWorkspace({ cwd: dir, env: { ...env, PATH: "/nowhere" }, stack: "data/prod" }), { secrets: false });
  await expect(reloadManifest(stale)).rejects.toThrow(/not on PATH/);
  const reachable = await loadManifest(open("data/prod", pulumi.PATH), { secrets: false });
  expect(reachable.manifest.variables.from).toBe("prod");
  const fresh = await reloadManifest(reachable);
  expect(fresh.manifest.variables.from).toBe("later");
  expect(pulumi.calls().at(-1)).toContain("--stack acme/data/prod");
  expect((await loadManifest(open("data/prod"), { secrets: false })).manifest.variables.from).toBe("later");
});

test("the error for a damaged pulled manifest names the file and says what to do", async () => {
  const { open, home } = project();
  const path = join(home, "manifests", "data", "prod.json");
  mkdirSync(join(home, "manifests", "data"), { recursive: true });
  writeFileSync(path, "{");
  expect((await refusal(loadManifest(open("prod"), { secrets: false }))).message).toBe(
    `${path} is damaged: remove it and pull it again with \`pushpool manifest pull\``,
  );
});

test("a manifest that is not cached is not pulled again", async () => {
  const { open, home } = project();
  offlineStack(home, { pushPools: manifestOf("dev") });
  const found = await loadManifest(open(), { secrets: false });
  expect(await reloadManifest(found)).toBe(found);
  expect(found.manifest.blocks["secret/token"]?.data.value).toBeInstanceOf(Secret);
});
