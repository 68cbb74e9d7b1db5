import type { Ledger, RunRecord } from "../ledger";
import { readFlowRun, type ServerRun, type ServerState } from "../prefect/api/flowRuns";
import type { Client } from "../prefect/client";
import type { RunsContext } from "../runs/runsContext";
import type { Target } from "../targets/target";
import type { EndWatch } from "./endWatch";
import type { PoolsBeside, ServerJob } from "./job";
import type { DispatcherName, StartUp } from "./record";
import type { Turn } from "./turns";
import type { WorkerVoice } from "./workerVoice";

/** The parts for dispatching the runs of a server. */
export interface Dispatching {
  client: Client;
  dispatcher: DispatcherName;
  startUp: StartUp;
  /** The stack of these runs in the ledger: `<project>/<stack>`. */
  stack: string;
  /** The settings of pools that only the manifest has, not the server. */
  poolsBeside?: PoolsBeside;
  ledger: Ledger;
  /** @param again reads the job again */
  contextOf(job: ServerJob, again: () => Promise<ServerJob>): RunsContext;
  /** @param workPool of the target */
  watchOf(target: Target, workPool: string): EndWatch;
  /** Resolves when the state of a run on the server has one of these types, or `signal` fires. */
  untilState(id: string, types: readonly string[], signal: AbortSignal): Promise<void>;
  /** How long a cancelled run may take to end by itself before its infrastructure is stopped, in seconds. */
  graceSeconds: number;
  /** When it fires, nothing new is begun. Work in progress continues to a point at which another process can take over. */
  signal: AbortSignal;
  tell(event: ServerRunEvent): void;
  /** When this run may be claimed, if its deployment has a limit. @default at once */
  turn?: Turn;
  /** Writes the log lines and events of a Prefect worker to the server. @default nothing is written */
  voice?: WorkerVoice;
}

/** The events of a server's run. */
export type ServerRunEvent =
  | { kind: "claimed" | "left"; run: ServerRun }
  | { kind: "submitted"; run: ServerRun; infrastructureId: string }
  /** @property state the type of its last state; `gone` if the server no longer has it */
  | { kind: "ended"; run: ServerRun; state: string; message?: string }
  | { kind: "trouble"; run: ServerRun; message: string };

/** The result. */
export type Dispatched =
  /** It ran from here, and ended on the server with this state. */
  | { kind: "ended"; state: ServerState | undefined; record?: RunRecord }
  /** It does not run from here, or not yet: its state on the server, and the reason. */
  | { kind: "refused"; state: ServerState | undefined; reason: string }
  /** It continues. Whoever takes over finds it in the ledger. `host`: only somebody there can, because its processes are there. */
  | { kind: "left"; host?: string };

/** A run that is being dispatched. */
export interface Dispatch {
  parts: Dispatching;
  context: RunsContext;
  run: ServerRun;
  /** Everything that it is rendered from. */
  job: ServerJob;
}

/** The longest pause between two tries after a failure, in milliseconds. */
export const MAX_PAUSE = 5_000;

/** The current state of a run on the server. */
export async function stateOf(client: Client, run: ServerRun): Promise<ServerState | undefined> {
  return (await readFlowRun(client, run.id))?.state ?? undefined;
}
