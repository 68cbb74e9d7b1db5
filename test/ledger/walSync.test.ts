import { existsSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { openSqliteLedger } from "../../src/ledger";
import { openWalSync } from "../../src/ledger/walSync";
import { scratch } from "../scratch";

/** Syncs that end when the test says so. */
async function held() {
  const path = join(scratch(), "ledger.db");
  const file = await open(`${path}-wal`, "w");
  const prototype = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const spy = vi
    .spyOn(prototype, "datasync")
    .mockImplementation(() => new Promise<void>((resolve, reject) => ends.push({ resolve, reject })));
  onTestFinished(() => spy.mockRestore());
  const wal = openWalSync(path);
  onTestFinished(() => wal.close());
  return { wal, ends, begun: (count: number) => expect.poll(() => ends).toHaveLength(count) };
}

test("requests during a sync share the next one; the running one does not answer them", async () => {
  const { wal, ends, begun } = await held();
  const told: string[] = [];
  const first = wal.synced().then(() => told.push("first"));
  await begun(1);
  const later = ["second", "third"].map((name) => wal.synced().then(() => told.push(name)));
  ends[0]?.resolve();
  await first;
  await begun(2);
  expect(told).toEqual(["first"]);
  ends[1]?.resolve();
  await Promise.all(later);
  expect(told).toEqual(["first", "second", "third"]);
  expect(ends).toHaveLength(2);
  const last = wal.synced();
  await begun(3);
  ends[2]?.resolve();
  await last;
});

test("no later sync restores what a failed one lost: all that follow fail too", async () => {
  const { wal, ends, begun } = await held();
  const failing = [wal.synced(), wal.synced()].map((each) => expect(each).rejects.toThrow("EIO"));
  await begun(1);
  ends[0]?.reject(new Error("EIO"));
  await Promise.all(failing);
  await expect(wal.synced()).rejects.toThrow("EIO");
  expect(ends).toHaveLength(1);
});

test("a write that may be synced soon shares the sync of a waiting one, or gets its own", async () => {
  const { wal, ends, begun } = await held();
  wal.soon();
  const waited = wal.synced();
  await begun(1);
  ends[0]?.resolve();
  await waited;
  wal.soon();
  wal.soon();
  await begun(2);
  ends[1]?.resolve();
  // Closing does not wait for it.
  wal.soon();
  wal.close();
  await begun(3);
  ends[2]?.resolve();
});

test("a change of a run is on the disk before it is reported; if the disk fails, the message has the ledger's path", async () => {
  const path = join(scratch(), "ledger.db");
  const ledger = openSqliteLedger(path);
  onTestFinished(() => ledger.close());
  expect(existsSync(`${path}-wal`)).toBe(true);
  const file = await open(`${path}-wal`, "r");
  const prototype = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  const spy = vi.spyOn(prototype, "datasync");
  onTestFinished(() => spy.mockRestore());
  await ledger.changeDeployments("data/dev", { remove: ["none"] });
  expect(spy).toHaveBeenCalledTimes(1);
  await ledger.swapNote("k", undefined, "v");
  expect(spy).toHaveBeenCalledTimes(1);
  spy.mockRejectedValue(new Error("EIO: i/o error"));
  await expect(ledger.changeDeployments("data/dev", { remove: ["none"] })).rejects.toMatchObject({
    name: "UserError",
    message: expect.stringMatching(/ledger\.db to the disk failed: EIO/),
  });
});
