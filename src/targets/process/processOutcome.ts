import { constants } from "node:os";
import type { Outcome } from "../../model/outcome";
import type { Observation } from "../target";

/** The state of an attempt, from the folder of the run and the process table. Times are ISO 8601, UTC. */
export interface Facts {
  /** Whether the wrapper is running. */
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
 * The observation of an attempt. It has ended only when its wrapper has ended, because until then the command may still write.
 * `wrapper.ts` explains each file.
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
    ? "the shell that supervised the command was killed"
    : "all its processes ended without an exit code (they were killed from outside, or the machine stopped)";
  return { kind: "lost", reason };
}

/** A shell reports an end by signal n as exit code 128 + n. A command that exits with such a code itself looks the same. */
function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}
