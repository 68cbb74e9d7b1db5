import { expect, test } from "vitest";
import type { State, StateType } from "../../src/model/run";
import { phasesOf } from "../../src/ui/phases";

const at = (second: number) => new Date(Date.UTC(2026, 0, 2, 3, 4, second)).toISOString();
const state = (second: number, type: StateType, name: string, message?: string): State => ({
  type,
  name,
  timestamp: at(second),
  ...(message ? { message } : {}),
});
const shown = (states: State[], since?: number) =>
  phasesOf(states, since === undefined ? undefined : at(since)).map(
    ({ name, from, to, waitedFor }) =>
      `${name} ${new Date(from).getSeconds()}-${to === null ? "" : new Date(to).getSeconds()}${waitedFor === undefined ? "" : ` (${waitedFor})`}`,
  );

const began = [state(0, "SCHEDULED", "Scheduled"), state(1, "PENDING", "Submitting"), state(2, "PENDING", "InfrastructurePending")];

test.each<[string, State[], number | undefined, string[]]>([
  ["just created", [state(0, "SCHEDULED", "Scheduled")], undefined, ["queued 0-"]],
  [
    "a whole run",
    [...began, state(5, "RUNNING", "Running"), state(9, "COMPLETED", "Completed")],
    undefined,
    ["queued 0-1", "submitted 1-2", "provisioning 2-5", "running 5-9"],
  ],
  [
    "waiting for a slot",
    [state(0, "SCHEDULED", "Scheduled"), state(1, "SCHEDULED", "AwaitingConcurrencySlot", "it is full"), state(6, "PENDING", "Submitting")],
    undefined,
    ["queued 0-6 (it is full)", "submitted 6-"],
  ],
  [
    "cancelled while it runs",
    [...began, state(5, "RUNNING", "Running"), state(7, "CANCELLING", "Cancelling"), state(9, "CANCELLED", "Cancelled")],
    undefined,
    ["queued 0-1", "submitted 1-2", "provisioning 2-5", "running 5-7", "stopping 7-9"],
  ],
  ["cancelled before it was sent", [state(0, "SCHEDULED", "Scheduled"), state(4, "CANCELLED", "Cancelled")], undefined, ["queued 0-4"]],
  ["refused by its cloud", [...began.slice(0, 2), state(3, "CRASHED", "Crashed")], undefined, ["queued 0-1", "submitted 1-3"]],
  [
    "a retry",
    [state(0, "SCHEDULED", "AwaitingRetry", "attempt 2"), state(1, "PENDING", "Submitting")],
    undefined,
    ["queued 0-1", "submitted 1-"],
  ],
  [
    "on a server: the container runs before the flow reports",
    [...began, state(8, "RUNNING", "Running")],
    5,
    ["queued 0-1", "submitted 1-2", "provisioning 2-5", "starting 5-8", "running 8-"],
  ],
  ["on a server: the flow has not reported yet", began, 5, ["queued 0-1", "submitted 1-2", "provisioning 2-5", "starting 5-"]],
  [
    "on a server: paused, and resumed",
    [...began, state(5, "RUNNING", "Running"), state(6, "PAUSED", "Suspended", "for approval"), state(8, "SCHEDULED", "Resuming")],
    undefined,
    ["queued 0-1", "submitted 1-2", "provisioning 2-5", "running 5-6", "queued 6- (for approval)"],
  ],
  ["nothing known", [], undefined, []],
])("%s", (_, states, since, expected) => {
  expect(shown(states, since)).toEqual(expected);
});
