import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openSqliteLedger } from "../../src/ledger";
import { state } from "../../src/runs/states";
import { unfinishedByKey } from "../../src/runs/unfinishedByKey";
import { NOW, newRun } from "../ledger/newRun";
import { scratch } from "../scratch";

test("runs that hold a key: unfinished ones of the pool, also under the former name of a stack", async () => {
  const ledger = openSqliteLedger(join(scratch(), "ledger.db"));
  onTestFinished(() => ledger.close());
  const add = async (id: string, over: Parameters<typeof newRun>[1], submission: object = { keyId: "K1" }) => {
    const { record } = await ledger.createRun({ ...newRun(id, over), submission: { ...submission } });
    await ledger.change(id, record.run.version, { state: state(over?.state?.type ?? "RUNNING", NOW) });
  };
  await add("here", {});
  await add("renamed", { stack: "data/old" });
  await add("ended", { state: state("COMPLETED", NOW) });
  await add("other", { workPool: "other" });
  await add("keyless", {}, {});
  const found = await unfinishedByKey(ledger, "local");
  expect(found.map(({ keyId, run }) => `${keyId} ${run}`).sort()).toEqual(["K1 run-here", "K1 run-renamed"]);
});
