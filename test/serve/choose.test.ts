import { expect, test } from "vitest";
import type { DeploymentInManifest, PoolDefinition } from "../../src/manifest/manifest";
import type { Run } from "../../src/runs";
import { chooseRuns } from "../../src/serve/ledger/chooseRuns";

/** `id pool queue deployment` */
function run(text: string): Run {
  const [id = "", workPool = "", workQueue = "", deployment = "f/d"] = text.split(" ");
  return { id, workPool, workQueue, deployment } as Run;
}

function chosen(
  waiting: string[],
  holding: string[],
  pools: Record<string, Partial<PoolDefinition>>,
  deployments: Record<string, Partial<DeploymentInManifest>> = {},
) {
  const { submit, held } = chooseRuns(waiting.map(run), holding.map(run), {
    pools: pools as Record<string, PoolDefinition>,
    deployments: new Map(Object.entries(deployments)) as Map<string, DeploymentInManifest>,
  });
  return { submit: submit.map(({ id }) => id), held: held.map(({ run, name }) => `${run.id} ${name}`) };
}

test.each([
  ["the oldest first", ["2 p default", "1 p default"], [], { p: {} }, { submit: ["1", "2"], held: [] }],
  [
    "by the priority of their queues; a queue without one comes last, default has 1",
    ["1 p low", "2 p new", "3 p high", "4 p default"],
    [],
    { p: { queues: { high: { priority: 1 }, low: { priority: 5 }, new: {} } } },
    { submit: ["3", "4", "1", "2"], held: [] },
  ],
  [
    "as many as the pool has room for",
    ["1 p default", "2 p default", "3 q default"],
    ["0 p default"],
    { p: { concurrencyLimit: 2 }, q: {} },
    { submit: ["1", "3"], held: ["2 AwaitingConcurrencySlot"] },
  ],
  [
    "a full queue leaves the pool's room to the others",
    ["1 p slow", "2 p slow", "3 p default"],
    [],
    { p: { concurrencyLimit: 2, queues: { slow: { priority: 1, concurrencyLimit: 1 } } } },
    { submit: ["1", "3"], held: ["2 AwaitingConcurrencySlot"] },
  ],
  [
    "the run that goes first takes the room",
    ["1 p low", "2 p high"],
    [],
    { p: { concurrencyLimit: 1, queues: { high: { priority: 1 }, low: { priority: 2 } } } },
    { submit: ["2"], held: ["1 AwaitingConcurrencySlot"] },
  ],
  ["none of a paused pool", ["1 p default", "2 q default"], [], { p: { isPaused: true }, q: {} }, { submit: ["2"], held: ["1 Scheduled"] }],
  [
    "none of a queue with limit 0",
    ["1 p off"],
    [],
    { p: { queues: { off: { concurrencyLimit: 0 } } } },
    { submit: [], held: ["1 AwaitingConcurrencySlot"] },
  ],
] as const)("%s", (_, waiting, holding, pools, expected) => {
  expect(chosen([...waiting], [...holding], pools)).toEqual(expected);
});

test("a deployment's limit makes its runs wait; with CANCEL_NEW they are passed on to be cancelled, and take no room", () => {
  const waiting = ["1 p default f/d", "2 p default f/d", "3 p default f/other"];
  expect(chosen(waiting, [], { p: {} }, { "f/d": { concurrencyLimit: 1 } })).toEqual({
    submit: ["1", "3"],
    held: ["2 AwaitingConcurrencySlot"],
  });
  const cancelNew = { "f/d": { concurrencyLimit: 1, collisionStrategy: "CANCEL_NEW" as const } };
  expect(chosen(waiting, [], { p: { concurrencyLimit: 2 } }, cancelNew)).toEqual({ submit: ["1", "2", "3"], held: [] });
});
