import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Ledger, openSqliteLedger } from "../../src/ledger";
import type { LoadedManifest } from "../../src/manifest";
import type { Manifest } from "../../src/manifest/manifest";
import { isTerminal } from "../../src/model/run";
import { type RunsParts, runsOver } from "../../src/runs";
import { openContext } from "../../src/runs/openContext";
import { Dispatcher } from "../../src/serve/dispatcher";
import { LedgerRuns } from "../../src/serve/ledger/ledgerRuns";
import { defaultTemplate } from "../../src/template";
import { RUNNING, ScriptedTarget } from "../runs/scriptedTarget";
import { scratch } from "../scratch";
import { until } from "../until";

const manifest: Manifest = {
  kind: "pushpool.dev/manifest",
  version: 1,
  source: { project: "data", stack: "dev" },
  pools: { cloud: { type: "ecs:push", baseJobTemplate: defaultTemplate("ecs:push") } },
  blocks: {},
  variables: {},
  deployments: { "hello/long": { command: "true", workPool: { name: "cloud" } } },
};

test("a pass does not wait for the end of a run that another process submits meanwhile", async () => {
  const cloud = new ScriptedTarget();
  const ledger = openSqliteLedger(join(scratch(), "ledger.db"));
  const parts = (of: Ledger): RunsParts => ({
    ledger: of,
    stack: "data/dev",
    readManifest: async (): Promise<LoadedManifest> => ({ manifest, origin: "the test's manifest", stack: "data/dev" }),
    openTarget: async () => cloud,
    digestKey: () => Buffer.alloc(32, 7),
    env: {},
  });
  const other = runsOver(parts(ledger));
  onTestFinished(() => other.close());
  const { run } = await other.createRun({ deployment: "hello/long" });

  const end = new AbortController();
  const dispatcher = new Dispatcher(end.signal, () => {});
  // The other process is faster: between the list and the submission.
  const slow: Ledger = {
    ...ledger,
    list: async (query) => {
      const listed = await ledger.list(query);
      const { infrastructureId = "" } = await other.submitRun(run.id);
      cloud.set(infrastructureId, RUNNING);
      return listed;
    },
  };
  const runs = new LedgerRuns({
    context: openContext(parts(slow)),
    dispatcher,
    stack: "data/dev",
    pools: new Set(["cloud"]),
    graceSeconds: 1,
  });
  expect((await runs.pass(new Map())).map(({ id }) => id)).toEqual([run.id]);
  // It is followed like any other one.
  expect(dispatcher.has(run.id)).toBe(true);
  expect(isTerminal((await other.findRun(run.id)).state)).toBe(false);
  expect(cloud.started).toHaveLength(1);
  end.abort();
  await until(() => !dispatcher.has(run.id));
});
