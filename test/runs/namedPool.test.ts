import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { openSqliteLedger } from "../../src/ledger";
import type { Manifest } from "../../src/manifest/manifest";
import { runsOver } from "../../src/runs";
import type { LeftoversAsked } from "../../src/targets/target";
import { defaultTemplate } from "../../src/template";
import { UNKNOWN } from "../../src/unknown";
import { UserError } from "../../src/userError";
import { scratch } from "../scratch";
import { ScriptedTarget } from "./scriptedTarget";

const POOL = { type: "cloud-run-v2:push", baseJobTemplate: defaultTemplate("cloud-run-v2:push") } as const;
const manifest: Manifest = {
  kind: "pushpool.dev/manifest",
  version: 1,
  source: { project: "data", stack: "dev" },
  pools: { one: POOL, other: POOL, third: POOL },
  blocks: {},
  variables: {},
  deployments: { "a/b": { command: "true", workPool: { name: "one", jobVariables: { region: "europe-west1" } } } },
};

test("leftovers are looked for where runs were asked of a pool, not only where its own deployments run", async () => {
  const asked: Record<string, readonly JsonObject[]> = {};
  const runs = runsOver({
    ledger: openSqliteLedger(join(scratch(), "ledger.db")),
    stack: "data/dev",
    readManifest: async () => ({ manifest, origin: "the test's manifest", stack: "data/dev" }),
    openTarget: async (_, access) => {
      const { name } = await access.pool();
      return Object.assign(new ScriptedTarget(), {
        removeLeftovers: async ({ jobVariables }: LeftoversAsked) => {
          asked[name] = jobVariables as readonly JsonObject[];
          return { removed: {}, kept: [] };
        },
      });
    },
    digestKey: () => Buffer.alloc(32),
    env: {},
  });
  onTestFinished(() => runs.close());
  await runs.createRun({ deployment: "a/b", workPool: "other" });
  await runs.removeLeftovers(new AbortController().signal);
  const there = [{ region: "europe-west1" }];
  expect(asked).toEqual({ one: there, other: there, third: [] });
});

test("a repeated request returns its run even while the pool that it names is paused", async () => {
  const path = join(scratch(), "ledger.db");
  const open = (isPaused: boolean) => {
    const pools = { ...manifest.pools, other: { ...POOL, isPaused } };
    const runs = runsOver({
      ledger: openSqliteLedger(path),
      stack: "data/dev",
      readManifest: async () => ({ manifest: { ...manifest, pools }, origin: "the test's manifest", stack: "data/dev" }),
      openTarget: async () => new ScriptedTarget(),
      digestKey: () => Buffer.alloc(32),
      env: {},
    });
    onTestFinished(() => runs.close());
    return runs;
  };
  const asked = { deployment: "a/b", workPool: "other", idempotencyKey: "k" };
  const first = await open(false).createRun(asked);
  const paused = open(true);
  expect(await paused.createRun(asked)).toMatchObject({ run: { id: first.run.id }, created: false });
  await expect(paused.createRun({ ...asked, idempotencyKey: "l" })).rejects.toThrow(UserError);
  await expect(paused.createRun({ deployment: "a/b", workPool: "other" })).rejects.toThrow(UserError);
});

test.each<[string, Partial<Manifest>]>([
  ["pools.one", { pools: { ...manifest.pools, one: { ...POOL, network: UNKNOWN } as never } }],
  [
    "blocks.gcp-credentials/one",
    {
      pools: { ...manifest.pools, one: { ...POOL, credentials: "gcp-credentials/one" } },
      blocks: { "gcp-credentials/one": { data: {}, keyId: UNKNOWN } },
    },
  ],
  ["deployments.a/b", { deployments: { "a/b": { command: UNKNOWN, workPool: { name: "one" } } } }],
])("%s with a value that an up with --target left unknown: the message has the fix", async (part, over) => {
  const runs = runsOver({
    ledger: openSqliteLedger(join(scratch(), "ledger.db")),
    stack: "data/dev",
    readManifest: async () => ({ manifest: { ...manifest, ...over }, origin: "the test's manifest", stack: "data/dev" }),
    openTarget: async () => new ScriptedTarget(),
    digestKey: () => Buffer.alloc(32),
    env: {},
  });
  onTestFinished(() => runs.close());
  const asked = runs.createRun({ deployment: "a/b" });
  await expect(asked).rejects.toThrow(`${part}: some values are not known yet`);
  await expect(asked).rejects.toThrow(UserError);
});
