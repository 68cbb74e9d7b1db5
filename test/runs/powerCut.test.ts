import { copyFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { openSqliteLedger, type RunRecord } from "../../src/ledger";
import type { Manifest } from "../../src/manifest/manifest";
import { runsOver } from "../../src/runs";
import { defaultTemplate } from "../../src/template";
import { scratch } from "../scratch";
import { ScriptedTarget } from "./scriptedTarget";

const MANIFEST: Manifest = {
  kind: "pushpool.dev/manifest",
  version: 1,
  source: { project: "data", stack: "dev" },
  pools: { local: { type: "process:push", baseJobTemplate: defaultTemplate("process:push") } },
  blocks: {},
  variables: {},
  deployments: { "hello/node": { command: "true", workPool: { name: "local" } } },
};

test.each(["created, then submitted", "created and submitted in one step"])(
  "a power cut while anything is sent leaves the run with its exact submission and its submitter: %s",
  async (way) => {
    const path = join(scratch(), "ledger.db");
    const target = new ScriptedTarget();
    const runs = runsOver({
      ledger: openSqliteLedger(path),
      stack: "data/dev",
      readManifest: async () => ({ manifest: MANIFEST, origin: "the test's manifest", stack: "data/dev" }),
      openTarget: async () => target,
      digestKey: () => Buffer.alloc(32, 7),
      env: {},
    });
    onTestFinished(() => runs.close());
    const request = { deployment: "hello/node" };
    const made = way === "created, then submitted" ? (await runs.createRun(request)).run : undefined;
    const file = await open(`${path}-wal`, "r");
    const prototype = Object.getPrototypeOf(file) as FileHandle;
    await file.close();
    const survives = join(scratch(), "ledger.db");
    const sync = prototype.datasync;
    const spy = vi.spyOn(prototype, "datasync").mockImplementation(async function (this: FileHandle) {
      for (const part of ["", "-wal"]) copyFileSync(path + part, survives + part);
      await sync.call(this);
    });
    onTestFinished(() => spy.mockRestore());
    let kept: RunRecord | undefined;
    target.beforeStart = async () => {
      const ledger = openSqliteLedger(survives);
      [kept] = await ledger.list({});
      ledger.close();
    };
    const run = made ? await runs.submitRun(made.id) : await runs.startRun(request);
    expect(kept).toMatchObject({ run: { state: { type: "PENDING", name: "Submitting" } }, owner: expect.any(String) });
    expect(kept?.submission).toMatchObject({ runId: run.id, attempt: 1 });
  },
);
