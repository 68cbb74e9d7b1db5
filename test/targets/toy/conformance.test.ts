import { beforeAll } from "vitest";
import type { ValueObject } from "../../../src/json";
import type { Secret } from "../../../src/secret";
import { describeTarget } from "../conformance";
import { createToyTarget } from ".";
import { startToyCloud } from "./toyCloud";

// A target from outside `src/` keeps the promises of all targets.

let cloud: Awaited<ReturnType<typeof startToyCloud>>;
beforeAll(async () => {
  cloud = await startToyCloud();
  return cloud.stop;
});

const job = (script: string, env: Record<string, string | Secret> = {}): ValueObject => ({
  command: ["sh", "-c", script],
  env: { PATH: String(process.env.PATH), ...env },
});

describeTarget("toy", () => ({
  open: () =>
    createToyTarget({
      pool: async () => ({
        name: "pool",
        endpoints: { toy: cloud.url },
        source: { project: "data", stack: "dev" },
        baseJobTemplate: {},
      }),
    }),
  job,
  ends: [
    {
      name: "a command that does not exist",
      job: { command: "no-such-command-here", env: {} },
      outcome: { kind: "failedToStart", reason: "spawn no-such-command-here ENOENT" },
    },
    { name: "a signal", job: job("kill -SEGV $$"), outcome: { kind: "signalled", signal: "SIGSEGV" } },
    { name: "the time limit", job: job("sleep 600"), timeoutSeconds: 1, outcome: { kind: "timedOut", phase: "running" } },
  ],
  everythingKept: () => JSON.stringify([...cloud.runs]),
}));
