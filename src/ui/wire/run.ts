import type { State } from "../../model/run";
import type { Json, JsonObject } from "./json";
import type { RunRow } from "./runs";

/** In this order. A run may skip some of them. */
export type PhaseName = "queued" | "submitted" | "provisioning" | "starting" | "running" | "stopping";

/** One phase of an attempt. */
export interface Phase {
  name: PhaseName;
  from: string;
  /** null: it continues. */
  to: string | null;
  /** Why it took its time, such as a full work pool. */
  waitedFor?: string;
}

/** One attempt of a run, with all that was sent for it. */
export interface Attempt {
  /** From 1. */
  number: number;
  /** Oldest first. */
  states: State[];
  phases: Phase[];
  /** The resolved job configuration, as stored; secrets are `[secret]`. null if the ledger does not have it. */
  submission: Json;
  /** The requests that the cloud gets, in order; secrets are `[secret]`. */
  requests: SentRequest[];
  infrastructureId?: string;
  /** The infrastructure on the cloud's own page. */
  consoleUrl?: string;
}

export interface SentRequest {
  /** The call, such as `RunTask`. */
  call: string;
  body: Json;
}

/** All of one run. */
export interface RunDetail extends RunRow {
  parameters: JsonObject;
  jobVariables: JsonObject;
  /** Both as JSON texts with their numbers' exact digits, which a browser's `JSON.parse` may lose: for an editor, and to send again. */
  texts: { parameters: string; jobVariables: string };
  idempotencyKey?: string;
  infrastructureId?: string;
  consoleUrl?: string;
  /** null: unknown, or it has not ended. */
  exitCode: number | null;
  /** The work pool's type, such as `ecs:push`. */
  poolType: string;
  /** The place of the flow's code, such as `flows/hello.py:hello`; null if the command is not a flow's. */
  entrypoint: string | null;
  /** Oldest first; the last one is the current one. */
  attempts: Attempt[];
  commands: RunCommands;
  can: RunActions;
  /** What the run waits for now. */
  waitingFor?: string;
}

/** Lines for a shell that do the same, quoted. */
export interface RunCommands {
  show: string;
  logs: string;
  /** The same run again, with its parameters and job variables. */
  run: string;
  cancel?: string;
  retry?: string;
}

export interface RunActions {
  cancel: boolean;
  retry: boolean;
  runAgain: boolean;
}

/** Server-sent events of `GET /api/runs/ID/live`. The first one is `run`. */
export interface RunEvents {
  run: RunDetail;
  /** Something that delays the run, such as a cloud that does not answer. */
  notice: { text: string };
  /** The run has ended. The page closes the stream. */
  end: Record<string, never>;
}

export interface LogRow {
  /** Its place in this log, from 0. */
  n: number;
  /** When it was written; null if unknown. */
  at: string | null;
  /** As the run wrote it, with its ANSI codes; to be shown as text only. */
  text: string;
  stderr: boolean;
}

/** Server-sent events of `GET /api/runs/ID/logs`. The id of `lines` is the `n` after them, which `Last-Event-ID` sends back. */
export interface LogEvents {
  lines: { lines: LogRow[] };
  /** Lines that are not shown: the page asked for older ones than the server has. `logs.txt` has all of them. */
  gap: { from: number; to: number };
  /** Something about the log, such as a log service that is late. */
  notice: { text: string };
  /** The log is complete. The page closes the stream. */
  end: Record<string, never>;
}
