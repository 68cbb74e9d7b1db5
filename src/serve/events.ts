import type { FlowRun, StateType } from "../model/flowRun";
import type { MissedPolicy } from "../schedules";

/** A run as a dispatcher reports it, whatever it comes from. */
export interface ReportedRun {
  id: string;
  name: string;
  workPool: string | null;
  /** `<flow name>/<deployment name>`, where it is known without asking. */
  deployment?: string;
}

/** What a schedule brings. */
export type ScheduleEvent =
  | { kind: "scheduled"; run: FlowRun; due: string }
  | { kind: "missed"; deployment: string; count: number; first: string; last: string; policy: MissedPolicy }
  | { kind: "notScheduled"; deployment: string; due?: string; message: string };

/** What one run comes to. */
type RunReported =
  /** A Prefect server has given it to this dispatcher. */
  | { kind: "claimed"; run: ReportedRun }
  /** Another process began it; this one follows it from here. */
  | { kind: "takenUp"; run: ReportedRun; state: StateType }
  | { kind: "waiting"; run: ReportedRun; reason: string }
  /** @property seconds since it was due */
  | { kind: "submitted"; run: ReportedRun; infrastructureId: string; seconds: number }
  | { kind: "state"; run: ReportedRun; state: StateType; name: string }
  /** @property state the type of its last state; `gone` where the server no longer has it */
  | { kind: "ended"; run: ReportedRun; state: string; message?: string }
  /** This dispatcher ends; the run goes on. */
  | { kind: "left"; run: ReportedRun }
  /** It is not this dispatcher's to run, or not now. */
  | { kind: "refused"; run: ReportedRun; message: string };

/** What a dispatcher tells of its work. */
export type ServeEvent =
  | ScheduleEvent
  | RunReported
  /** Something went wrong that is tried again. @property run absent: it concerns no single run */
  | { kind: "trouble"; run?: ReportedRun; message: string }
  | { kind: "warning"; message: string }
  /** The events of a Prefect server come in. */
  | { kind: "listening" }
  /** They do not come in (any more). */
  | { kind: "deaf"; message: string }
  /** A request to a Prefect server failed: to ask what is due, or to write about runs. */
  | { kind: "serverTrouble"; message: string }
  /** A request to a Prefect server got no clear answer, and is sent again after a pause. */
  | { kind: "repeated"; reason: string; pauseMs: number };
