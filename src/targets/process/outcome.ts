import { constants } from "node:os";
import type { Outcome } from "../../model/outcome";
import type { Observation } from "../target";

/** What the run's folder and the process table say of one attempt. Times are ISO 8601, UTC. */
export interface Facts {
  /** The wrapper runs. */
  alive: boolean;
  startedAt: string;
  exit?: { code: number; at: string };
  /** 126 or 127: the command could not be run. */
  noexec?: number;
  stopping: boolean;
  killing: boolean;
  timedOut: boolean;
  orphaned: boolean;
  /** When a file of the folder last changed. */
  lastSign: string;
}

/**
 * What an attempt looks like. It has ended only when its wrapper is gone: until then the command may still write.
 * The meaning of each file is in `wrapper.ts`.
 */
export function observationOf(facts: Facts): Observation {
  if (facts.alive) return { phase: "running", startedAt: facts.startedAt };
  const outcome = outcomeOf(facts);
  const started = outcome.kind === "failedToStart" ? {} : { startedAt: facts.startedAt };
  return { phase: "ended", outcome, ...started, endedAt: facts.exit?.at ?? facts.lastSign };
}

function outcomeOf({ exit, noexec, stopping, killing, timedOut, orphaned }: Facts): Outcome {
  if (noexec !== undefined && exit) {
    return { kind: "failedToStart", reason: noexec === 126 ? "the command is not executable" : "the command was not found" };
  }
  if (timedOut && (exit || killing)) return { kind: "timedOut", phase: "running" };
  if (stopping && (exit || killing)) return { kind: "cancelled", by: "us" };
  if (exit)
    return exit.code > 128 && exit.code <= 192
      ? { kind: "signalled", signal: signalName(exit.code - 128) }
      : { kind: "exited", code: exit.code };
  const reason = orphaned
    ? "the shell that watched over the command was killed"
    : "all its processes are gone without an exit code (killed from outside, or the machine went down)";
  return { kind: "lost", reason };
}

/** A shell reports a death by signal n as exit code 128 + n; a command that exits so by itself cannot be told from it. */
function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}
