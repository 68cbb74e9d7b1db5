import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recordEngine } from "../../src/stacks";
import { type Ended, type Place, place } from "./pushpool";

// `pulumi` on PATH is a stand-in that replays the real one's output (CLI 3.260: event stream, errors), and answers other queries.

const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const STACK = "urn:pulumi:dev::data::pulumi:pulumi:Stack::data-dev";
const KEY = "urn:pulumi:dev::data::acme:index:Key::key";

interface Said {
  /** The operation's output: events, or plain lines. */
  stdout?: (object | string)[];
  stderr?: string;
  status?: number;
  /** `stack export` before and after the operation; `stack ls`; `config`. */
  before?: object;
  after?: object;
  stacks?: object[];
  config?: object;
}

function withPulumi({ stdout = [], stderr = "", status = 0, before, after, stacks, config }: Said): Place {
  const here = place({ env: { PULUMI_CONFIG_PASSPHRASE: "CANARY-passphrase" } });
  writeFileSync(join(here.folder, "Pulumi.yaml"), "name: data\nruntime: nodejs\n");
  const bin = join(here.folder, "bin");
  mkdirSync(bin);
  const lines = stdout.map((line, sequence) => (typeof line === "string" ? line : JSON.stringify({ sequence, timestamp: 1, ...line })));
  const script = `#!${process.execPath}
const fs = require("node:fs");
const said = ${JSON.stringify({ lines, stderr, status, before, after, stacks, config })};
const [verb, what] = process.argv.slice(2);
const answer = (value) => { if (value === undefined) process.exit(1); console.log(JSON.stringify(value)); process.exit(0); };
if (verb === "config") answer(said.config);
if (verb === "stack" && what === "ls") answer(said.stacks);
if (verb === "stack" && what === "export") answer(fs.existsSync("done") && said.after ? said.after : said.before);
if (verb === "stack") process.exit(1);
fs.writeFileSync("done", "");
fs.appendFileSync("asked", process.argv.slice(2).join(" ") + "\\n");
process.stderr.write(said.stderr);
for (const line of said.lines) console.log(line);
process.exitCode = said.status;
`;
  writeFileSync(join(bin, "pulumi"), script, { mode: 0o755 });
  here.env.PATH = `${bin}:${here.env.PATH}`;
  return here;
}

const exported = (outputs: object, pending: object[] = []) => ({
  version: 3,
  deployment: { resources: [{ urn: KEY, type: "acme:index:Key", outputs }], pending_operations: pending },
});
const plaintext = (value: unknown) => ({ ...SECRET, plaintext: JSON.stringify(value) });
const metadata = (op: string, outputs: object = {}) => ({
  op,
  urn: KEY,
  type: "acme:index:Key",
  old: null,
  new: { type: "acme:index:Key", urn: KEY, custom: true, id: "key-1", parent: STACK, inputs: { name: "key" }, outputs, provider: "" },
  detailedDiff: null,
  logical: true,
  provider: "",
});
const stackEvent = {
  resOutputsEvent: {
    metadata: {
      op: "same",
      urn: STACK,
      type: "pulumi:pulumi:Stack",
      old: null,
      new: { id: "", parent: "", inputs: {}, outputs: { url: "https://x", key: "[secret]" } },
    },
  },
};
const info = (message: string, severity = "info") => ({ diagnosticEvent: { message, color: "raw", severity } });
const PREVIEW = [
  { preludeEvent: { config: {} } },
  { resourcePreEvent: { metadata: metadata("create"), planning: true } },
  info("<{%fg 1%}>from the preview<{%reset%}>"),
  { summaryEvent: { maybeCorrupt: false, durationSeconds: 1, resourceChanges: { create: 1 }, isPreview: true } },
  { cancelEvent: {} },
];
const UPDATE = [
  { preludeEvent: { config: { "data:region": "eu" } } },
  { resourcePreEvent: { metadata: metadata("create") } },
  info(
    'RegisterResource RPC prepared: obj={"token":{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","value":"CANARY-never-made"}}',
    "debug",
  ),
  info("<{%fg 1%}>made CANARY-made-now for CANARY-config<{%reset%}>", "info#err"),
  info(`as base64: ${Buffer.from("CANARY-from-before").toString("base64")}`),
  { resOutputsEvent: { metadata: metadata("create", { copy: "CANARY-config", key: "[secret]" }) } },
  info('refused: {"token":"CANARY-never-made"}', "warning"),
  stackEvent,
  { summaryEvent: { maybeCorrupt: false, durationSeconds: 2, resourceChanges: { create: 1, same: 1 }, isPreview: false } },
  { cancelEvent: {} },
];
const KNOWN = {
  before: exported({ key: plaintext("CANARY-from-before") }),
  after: exported({ key: plaintext("CANARY-made-now") }),
  config: { "data:password": { value: "CANARY-config", secret: true }, "data:region": { value: "eu", secret: false } },
};

function linesOf({ stdout }: Ended): Record<string, unknown>[] {
  return stdout
    .trim()
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test.each(["up", "refresh", "destroy"])(
  "%s --json: the same events as the offline engine's, without secrets and without the preview",
  (verb) => {
    const here = withPulumi({ stdout: [...PREVIEW, ...UPDATE], stderr: "warning: CANARY-passphrase CANARY-made-now\n", ...KNOWN });
    const ended = here.pushpool(verb, "-y", "--json");
    expect(ended.status).toBe(0);
    expect(ended.stdout + ended.stderr).not.toMatch(/CANARY|Q0FOQVJZ|from the preview|<\{%/);
    expect(ended.stderr).toBe("");
    const lines = linesOf(ended);
    expect(lines.map(({ sequence: _, timestamp: __, ...event }) => Object.keys(event)[0])).toEqual([
      "preludeEvent",
      "resourcePreEvent",
      "resOutputsEvent",
      "resOutputsEvent",
      ...["stdoutEvent", "diagnosticEvent", "diagnosticEvent", "diagnosticEvent"].map(() =>
        expect.stringMatching(/^(stdout|diagnostic)Event$/),
      ),
      "summaryEvent",
      "cancelEvent",
      "result",
    ]);
    expect(lines.slice(0, -1).map(({ sequence }) => sequence)).toEqual([...lines.keys()].slice(0, -1));
    expect(lines).toContainEqual(expect.objectContaining({ diagnosticEvent: { message: "made [secret] for [secret]", severity: "info" } }));
    expect(lines.at(-1)).toEqual({
      result: {
        project: "data",
        stack: "dev",
        changes: { create: 1, same: 1 },
        outputs: verb === "destroy" ? {} : { url: "https://x", key: "[secret]" },
        unchanged: false,
        durationMs: expect.any(Number),
      },
    });
  },
);

test("preview --json streams its events", () => {
  const ended = withPulumi({ stdout: PREVIEW, ...KNOWN }).pushpool("preview", "--json");
  expect([ended.status, linesOf(ended).at(-1)]).toEqual([
    0,
    { result: expect.objectContaining({ changes: { create: 1 }, unchanged: false }) },
  ]);
  expect(linesOf(ended)).toContainEqual(expect.objectContaining({ diagnosticEvent: { message: "from the preview", severity: "info" } }));
});

test("a failed preview is reported, and what failed in it", () => {
  const failed = [...PREVIEW.slice(0, 3), info("no room for CANARY-config", "error"), ...PREVIEW.slice(3)];
  const ended = withPulumi({ stdout: failed, stderr: "error: preview failed\n", status: 255, ...KNOWN }).pushpool("up", "-y", "--json");
  expect(ended.status).toBe(5);
  expect(JSON.parse(ended.stderr)).toEqual({
    error: { exitCode: 5, message: expect.stringMatching(/ended with exit status 255: no room for \[secret\]\nerror: preview failed$/) },
  });
  expect(linesOf(ended)).toContainEqual(expect.objectContaining({ summaryEvent: expect.objectContaining({ result: "failed" }) }));
});

const LOCKED =
  "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.\n  file:///x/.pulumi/locks/1.json: created by a@b (pid 1)\n";
const CONFLICT = "error: [409] Conflict: Another update is currently in progress.\n";

test.each(["up", "preview", "refresh", "destroy"].flatMap((verb) => [LOCKED, CONFLICT].map((text) => [verb, text] as const)))(
  "%s of a locked stack says how to unlock it (%s)",
  (verb, text) => {
    const here = withPulumi({ stderr: text, status: 255 });
    const { status, stderr } = here.pushpool(verb, "-y");
    expect([status, stderr]).toEqual([5, expect.stringMatching(/pushpool: stack dev is locked.*`pulumi cancel --stack dev`/)]);
    const json = here.pushpool(verb, "-y", "--json");
    expect(JSON.parse(json.stderr)).toEqual({ error: { exitCode: 5, message: expect.stringContaining("`pulumi cancel --stack dev`") } });
  },
);

test.each(["up", "preview", "refresh", "destroy"])("%s of a stack with interrupted creations says how to drop them", (verb) => {
  const here = withPulumi({ stdout: [...PREVIEW, ...UPDATE], before: exported({}, [{ type: "creating", resource: { urn: KEY } }]) });
  const line =
    /an earlier operation was killed while it created acme:index:Key::key\. .*`pulumi refresh --clear-pending-creates --stack dev`/;
  expect(here.pushpool(verb, "-y")).toMatchObject({ status: 0, stderr: expect.stringMatching(line) });
  expect(linesOf(here.pushpool(verb, "-y", "--json"))).toContainEqual(
    expect.objectContaining({ diagnosticEvent: { message: expect.stringMatching(line), severity: "warning" } }),
  );
  expect(here.pushpool(verb, "-y", "--", "--clear-pending-creates").stderr).not.toMatch(line);
});

test("a stack that `pulumi stack rm` removed can be brought up by the offline engine; an existing one cannot", () => {
  const gone = withPulumi({ stacks: [{ name: "prod", current: true }] });
  recordEngine(gone.home, "data", "dev", "pulumi");
  // There is no program: the offline engine reports that.
  expect(gone.pushpool("up", "-y", "--engine", "offline").stderr).toMatch(
    /stack data\/dev was removed from the Pulumi CLI: now the offline engine manages it\n/,
  );
  const there = withPulumi({ stacks: [{ name: "organization/data/dev" }] });
  recordEngine(there.home, "data", "dev", "pulumi");
  expect(there.pushpool("up", "-y", "--engine", "offline")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/pulumi stack export/),
  });
});

test("a stack of the Pulumi CLI without that CLI", () => {
  const here = place({ env: { PATH: "/nowhere" } });
  writeFileSync(join(here.folder, "Pulumi.yaml"), "name: data\nruntime: nodejs\n");
  recordEngine(here.home, "data", "dev", "pulumi");
  expect(here.pushpool("up", "-y")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/`pulumi` is not on PATH: install it .*remove "dev" from .*data\.json/),
  });
});
