import type { Run, StateType } from "../model/run";
import type { MissedPolicy } from "../schedules";

/** A run as a dispatcher reports it, from any source. */
export interface ReportedRun {
  id: string;
  name: string;
  workPool: string | null;
  /** `<flow name>/<deployment name>`, if it is known without a request. */
  deployment?: string;
}

/** What happened to a schedule. */
export type ScheduleEvent =
  | { kind: "scheduled"; run: Run; due: string }
  | { kind: "missed"; deployment: string; count: number; first: string; last: string; policy: MissedPolicy }
  | { kind: "notScheduled"; deployment: string; due?: string; message: string };

/** What happened to a run. */
type RunReported =
  /** A Prefect server has returned it to this dispatcher. */
  | { kind: "claimed"; run: ReportedRun }
  /** Another process began it; this one follows it from now on. */
  | { kind: "takenUp"; run: ReportedRun; state: StateType }
  | { kind: "waiting"; run: ReportedRun; reason: string }
  /** @property seconds since it was due */
  | { kind: "submitted"; run: ReportedRun; infrastructureId: string; seconds: number }
  | { kind: "state"; run: ReportedRun; state: StateType; name: string }
  /** @property state the type of its last state; `gone` if the server no longer has it */
  | { kind: "ended"; run: ReportedRun; state: string; message?: string }
  /** This dispatcher ends; the run continues. */
  | { kind: "left"; run: ReportedRun }
  /** This dispatcher may not run it, or not now. */
  | { kind: "refused"; run: ReportedRun; message: string };

/** An event of a dispatcher's work. */
export type ServeEvent =
  | ScheduleEvent
  | RunReported
  /** A problem that will be retried. @property run absent: it concerns no single run */
  | { kind: "trouble"; run?: ReportedRun; message: string }
  | { kind: "warning"; message: string }
  /** The event stream of a Prefect server is open. */
  | { kind: "listening" }
  /** It is not open (any more). */
  | { kind: "deaf"; message: string }
  /** A request to a Prefect server failed: to read due runs, or to write about runs. */
  | { kind: "serverTrouble"; message: string }
  /** A request to a Prefect server got no clear answer, and is sent again after a pause. */
  | { kind: "repeated"; reason: string; pauseMs: number };
