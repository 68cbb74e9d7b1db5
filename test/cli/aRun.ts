import type { Run } from "../../src/runs";

/** A run of `hello/node` that has just been made. */
export function aRun(over: Partial<Run> = {}): Run {
  return {
    id: "01a20626-466f-7279-8015-f71847e973b8",
    name: "brave-fox",
    stack: "data/dev",
    deployment: "hello/node",
    workPool: "local",
    workQueue: "default",
    parameters: {},
    jobVariables: {},
    tags: [],
    attempt: 1,
    state: { type: "SCHEDULED", name: "Scheduled", timestamp: "2026-01-01T00:00:00.000Z" },
    createdAt: "2026-01-01T00:00:00.000Z",
    version: 1,
    ...over,
  };
}
