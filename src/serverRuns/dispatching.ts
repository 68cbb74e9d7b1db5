import type { Ledger, RunRecord } from "../ledger";
import { readFlowRun, type ServerRun, type ServerState } from "../prefect/api/flowRuns";
import type { Client } from "../prefect/client";
import type { RunsContext } from "../runs/context";
import type { Target } from "../targets/target";
import type { EndWatch } from "./endWatch";
import type { Job, PoolsBeside } from "./job";
import type { DispatcherName, StartUp } from "./record";
import type { Turn } from "./turns";
import type { WorkerVoice } from "./workerVoice";

/** What dispatching works with. */
export interface Dispatching {
  client: Client;
  dispatcher: DispatcherName;
  startUp: StartUp;
  /** What the ledger files these runs under: `<project>/<stack>`. */
  stack: string;
  /** What a manifest says of the pools beside what the server keeps. */
  poolsBeside?: PoolsBeside;
  ledger: Ledger;
  contextOf(job: Job): RunsContext;
  watchOf(target: Target): EndWatch;
  /** Resolves when the state of a run on the server is one of these, or `signal` fires. */
  untilState(id: string, types: readonly string[], signal: AbortSignal): Promise<void>;
  /** How long a run that is being cancelled has to end by itself before its infrastructure is stopped, in seconds. */
  graceSeconds: number;
  /** No more is begun when it fires; what is begun is brought to where another process can take it up. */
  signal: AbortSignal;
  tell(event: ServerRunEvent): void;
  /** When this run may be claimed, where its deployment has a limit. @default at once */
  turn?: Turn;
  /** Says on the server what a worker would. @default nothing is said */
  voice?: WorkerVoice;
}

/** What a run of a server comes to on its way. */
export type ServerRunEvent =
  | { kind: "claimed" | "left"; run: ServerRun }
  | { kind: "submitted"; run: ServerRun; infrastructureId: string }
  /** @property state the type of its last state; `gone` where the server no longer has it */
  | { kind: "ended"; run: ServerRun; state: string; message?: string }
  | { kind: "trouble"; run: ServerRun; message: string };

/** What came of it. */
export type Dispatched =
  /** It ran from here, to this end on the server. */
  | { kind: "ended"; state: ServerState | undefined; record?: RunRecord }
  /** Not from here, or not now: the server's state, and why. */
  | { kind: "refused"; state: ServerState | undefined; reason: string }
  /** It goes on, and whoever takes it up finds it in the ledger. */
  | { kind: "left" };

/** One run on its way. */
export interface Dispatch {
  parts: Dispatching;
  context: RunsContext;
  run: ServerRun;
  /** What it is rendered from. */
  job: Job;
}

/** Longest pause between two tries of something that fails, in milliseconds. */
export const LONGEST_PAUSE = 5_000;

/** How a run is on the server now. */
export async function stateOf(client: Client, run: ServerRun): Promise<ServerState | undefined> {
  return (await readFlowRun(client, run.id))?.state ?? undefined;
}
