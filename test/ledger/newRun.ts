import type { NewRun } from "../../src/ledger/ledger";
import { state } from "../../src/runs/states";

export const NOW = new Date("2026-01-02T03:04:05.678Z");

/** A run as `createRun` takes it. */
export function newRun(id: string, over: Partial<NewRun["run"]> = {}): NewRun {
  return {
    run: {
      id,
      name: `run-${id}`,
      stack: "data/dev",
      deployment: "hello/node",
      workPool: "local",
      workQueue: "default",
      parameters: { n: 1 },
      jobVariables: {},
      tags: ["a"],
      attempt: 1,
      state: state("SCHEDULED", NOW),
      createdAt: NOW.toISOString(),
      version: 1,
      ...over,
    },
    poolType: "process:push",
    requestDigest: "digest",
    submission: { runId: id, request: { command: "true" } },
  };
}
