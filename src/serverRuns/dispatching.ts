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

/** What dispatching a server's runs works with. */
export interface Dispatching {
  client: Client;
  dispatcher: DispatcherName;
  startUp: StartUp;
  /** The stack that the ledger keeps these runs under: `<project>/<stack>`. */
  stack: string;
  /** What the manifest says about the pools and the server does not keep. */
  poolsBeside?: PoolsBeside;
  ledger: Ledger;
  contextOf(job: Job): RunsContext;
  /** @param workPool whose target it is */
  watchOf(target: Target, workPool: string): EndWatch;
  /** Resolves when the state of a run on the server is one of these, or `signal` fires. */
  untilState(id: string, types: readonly string[], signal: AbortSignal): Promise<void>;
  /** How long a cancelled run has to end by itself before its infrastructure is stopped, in seconds. */
  graceSeconds: number;
  /** When it fires nothing more is begun. What has begun is brought to a point where another process can take it up. */
  signal: AbortSignal;
  tell(event: ServerRunEvent): void;
  /** When this run may be claimed, where its deployment has a limit. @default at once */
  turn?: Turn;
  /** Writes on the server what a Prefect worker would. @default nothing is written */
  voice?: WorkerVoice;
}

/** What happens to a server's run on its way. */
export type ServerRunEvent =
  | { kind: "claimed" | "left"; run: ServerRun }
  | { kind: "submitted"; run: ServerRun; infrastructureId: string }
  /** @property state the type of its last state; `gone` where the server no longer has it */
  | { kind: "ended"; run: ServerRun; state: string; message?: string }
  | { kind: "trouble"; run: ServerRun; message: string };

/** What came of it. */
export type Dispatched =
  /** It ran from here, and ended on the server in this state. */
  | { kind: "ended"; state: ServerState | undefined; record?: RunRecord }
  /** It does not run from here, or not now: its state on the server, and why. */
  | { kind: "refused"; state: ServerState | undefined; reason: string }
  /** It goes on. Whoever takes it up finds it in the ledger. */
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

/** The state of a run on the server now. */
export async function stateOf(client: Client, run: ServerRun): Promise<ServerState | undefined> {
  return (await readFlowRun(client, run.id))?.state ?? undefined;
}
