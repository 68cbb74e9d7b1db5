import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RunRecord } from "../../src/ledger";
import type { ServerState } from "../../src/prefect/api/flowRuns";
import type { Client } from "../../src/prefect/client";
import { claimsIn, endBehind, proposePending, putBack, standingOf, stateBefore, transitionsOf } from "../../src/serverRuns/claim";

const OURS = ["aaaaaaaa-0000-4000-8000-000000000000"];
let count = 0;
function stateOf(type: ServerState["type"], name: string, { by, due }: { by?: string; due?: string } = {}): ServerState {
  count += 1;
  const state_details = { transition_id: by ?? null, scheduled_time: due ?? null };
  return { id: `state-${count}`, type, name, timestamp: "2026-01-01T00:00:00Z", message: null, state_details };
}
const ours = { by: OURS[0] as string };
const now = { due: "2026-01-01T00:00:00Z" };

describe("what a state means to the dispatcher that proposed one", () => {
  test.each([
    ["its claim of a scheduled run", stateOf("PENDING", "Pending", { ...ours, ...now }), "ours"],
    ["somebody else's claim", stateOf("PENDING", "Pending", { by: "other", ...now }), "other"],
    ["a worker's claim, without an id", stateOf("PENDING", "Pending", now), "other"],
    ["its claim of a run that had ended", stateOf("PENDING", "Pending", ours), "revived"],
    ["its claim of a run that was postponed", stateOf("PENDING", "Pending", { ...ours, due: "2026-01-01T00:05:00Z" }), "early"],
    ["a run that runs", stateOf("RUNNING", "Running", ours), "other"],
    ["a run without a state", null, "other"],
  ] as const)("%s: %s", (_, state, standing) => expect(standingOf(state, OURS)).toBe(standing));
});

test("a run that only a limit's refusal rescheduled has ended; one that was rescheduled has not", () => {
  const end = stateOf("COMPLETED", "Completed");
  const waits = stateOf("SCHEDULED", "AwaitingConcurrencySlot");
  const late = stateOf("SCHEDULED", "Late");
  const first = stateOf("SCHEDULED", "Scheduled");
  expect(endBehind([first, end, waits])).toBe(end);
  expect(endBehind([first, end, waits, late])).toBe(end);
  expect(endBehind([first, end, stateOf("SCHEDULED", "AwaitingRetry"), late])).toBeUndefined();
  expect(endBehind([first, waits, late])).toBeUndefined();
  expect(endBehind([first, end])).toBeUndefined();
  expect(endBehind([])).toBeUndefined();
});

test("the state before is the newest of another dispatcher; claims count wherever they were made", () => {
  const end = stateOf("FAILED", "Failed");
  const theirs = stateOf("PENDING", "Pending", { by: "other", ...now });
  const refusal = stateOf("SCHEDULED", "AwaitingConcurrencySlot");
  const history = [stateOf("SCHEDULED", "Scheduled"), theirs, stateOf("PENDING", "Submitting"), end, stateOf("PENDING", "Pending", ours)];
  expect(stateBefore(history, OURS)).toBe(end);
  expect(stateBefore([...history, refusal], OURS, refusal)).toBe(end);
  expect(claimsIn(history, OURS)).toBe(1);
});

/**
 * How a Prefect server handles a proposal, as observed (3.8). Only the name `Pending` is a lock. An ended run can become PENDING. The
 * scheduled time is passed on from SCHEDULED through PENDING.
 */
class ModelServer {
  history: ServerState[] = [stateOf("SCHEDULED", "Scheduled", now)];
  get present(): ServerState {
    return this.history.at(-1) as ServerState;
  }

  propose(state: { type: ServerState["type"]; name: string; state_details: { transition_id: string } }): object {
    const { present } = this;
    const by = state.state_details.transition_id;
    if (present.state_details?.transition_id === by)
      return { status: "REJECT", state: present, details: { reason: "already made this state transition" } };
    const isLocked =
      present.type === "PENDING"
        ? state.name === "Pending" || state.name === present.name
        : ["RUNNING", "CANCELLED"].includes(present.type);
    if (state.type === "PENDING" && isLocked) return { status: "ABORT", state: present, details: { reason: "cannot transition" } };
    const due = ["SCHEDULED", "PENDING"].includes(present.type) ? present.state_details?.scheduled_time : undefined;
    const next = stateOf(state.type, state.name, { by, ...(state.type === "PENDING" && due ? { due } : {}) });
    this.history.push(next);
    return { status: "ACCEPT", state: next, details: {} };
  }

  answer(method: string, path: string, json: unknown): unknown {
    if (path.endsWith("/set_state")) return this.propose((json as { state: Parameters<ModelServer["propose"]>[0] }).state);
    return method === "GET" && path.startsWith("/flow_run_states") ? [...this.history] : { state: this.present };
  }
}

test("however requests and replies are delayed or repeated, several dispatchers start a run once, and its end stays", async () => {
  const dispatchers = fc.array(fc.record({ lost: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }) }), { minLength: 2, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), dispatchers, async (scheduler, each) => {
      const server = new ModelServer();
      let starts = 0;
      const clientOf = (lost: boolean[]): Client => {
        let sent = 0;
        return {
          request: async (method: string, path: string, { json }: { json?: unknown } = {}) => {
            sent += 1;
            // The request takes a while, is handled once or, after a lost reply, twice; the reply takes a while too.
            for (let tries = lost[sent - 1] ? 2 : 1; ; tries -= 1) {
              await scheduler.schedule(Promise.resolve(), `${method} ${path}`);
              const body = server.answer(method, path, json);
              if (tries > 1) continue;
              await scheduler.schedule(Promise.resolve(), "reply");
              return { status: 200, body, repeated: false };
            }
          },
        } as unknown as Client;
      };
      const theRun = async () => {
        for (const [type, name] of [
          ["RUNNING", "Running"],
          ["COMPLETED", "Completed"],
        ] as const) {
          await scheduler.schedule(Promise.resolve(), name);
          server.propose({ type, name, state_details: { transition_id: `run-${name}-${starts}` } });
        }
      };
      const dispatch = async ({ lost }: { lost: boolean[] }, index: number) => {
        const client = clientOf(lost);
        const transition = `${index}0000000-0000-4000-8000-000000000000`;
        const record = { run: { id: "r" }, submission: { prefect: { transition } } } as unknown as RunRecord;
        for (const name of ["Pending", "Submitting", "InfrastructurePending"] as const) {
          const step = await proposePending(client, record, name);
          if (step.standing === "ours") continue;
          if (step.standing !== "other") await putBack(client, record);
          return;
        }
        starts += 1;
        await theRun();
        expect(transitionsOf(record)).toHaveLength(3);
      };
      const all = Promise.all(each.map(dispatch));
      await scheduler.waitFor(all);
      expect(starts).toBe(1);
      expect(server.history.filter(({ type }) => type === "RUNNING")).toHaveLength(1);
      expect(server.present.type).toBe("COMPLETED");
    }),
    { numRuns: 500 },
  );
});
