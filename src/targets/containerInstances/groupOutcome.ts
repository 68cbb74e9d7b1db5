import type { Outcome } from "../../model/outcome";
import { textOfReply } from "../cloud/failure";
import { signalOf } from "../cloud/signals";
import type { Observation } from "../target";

/** A state of a container, as Azure has it. Times are in milliseconds. */
export interface ContainerState {
  /** `Waiting`, `Running` or `Terminated`. */
  state?: string;
  startTime?: number;
  finishTime?: number;
  exitCode?: number;
  /** Azure's own words. */
  detailStatus?: string;
}

export interface ContainerFacts {
  name: string;
  restartCount?: number;
  currentState?: ContainerState;
  previousState?: ContainerState;
  /** Azure may leave them out of a container that runs, or has run. */
  events?: ContainerEvent[];
}

/** What Azure did with a container. The same thing again is counted in one event. */
export interface ContainerEvent {
  /** As `Pulling`, `Started`, `Killing`. */
  name: string;
  /** `Normal` or `Warning`. */
  type: string;
  message: string;
  /** When it first happened, in milliseconds: Azure gives whole seconds. */
  firstAt?: number;
}

/** The facts of a container group that matter here. */
export interface GroupFacts {
  /** Of the last operation, not of the run. */
  provisioningState?: string;
  /** Of the group: `Pending`, `Running`, `Succeeded`, `Failed`, `Stopped`, `Unknown`. */
  state?: string;
  spot: boolean;
  /** Windows has no signals: an exit code over 128 is only a number there. */
  windows?: boolean;
  containers: ContainerFacts[];
  initContainers: ContainerFacts[];
}

/** A stop by pushpool. It says later why the run ended. */
export interface StopNote {
  why: "cancelled" | "pending" | "running";
  reason?: string;
}

/** What is known about a run in addition to Azure's reply. */
export interface Known {
  /** Name of the run's container; absent: the first. */
  container?: string | undefined;
  /** When its container was first seen to have started, in milliseconds. */
  startedAt?: number | undefined;
  stop?: StopNote | undefined;
}

/** Azure's own words for a stop, by anyone. */
const STOPPED = /stopped per client request/i;
/** Azure's words for a machine that was lost. */
const NODE_LOST = /infrastructure error/i;
/** The runtime's words for a command that it cannot start. */
const CANNOT_START = /cannot ?run|start ?error/i;
const CANNOT_START_EVENT = /executable file not found|failed to (create|start) (the )?(container|shim|task)/i;
/** Exit codes that the runtime itself gives a command that it cannot start. */
const NOT_STARTED = [undefined, 126, 127, 128];
/** Exit codes of a stop: SIGKILL and SIGTERM. */
const KILLED = [137, 143];
const CRASH_LOOP = /^CrashLoopBackOff/i;
/** Exit codes of Azure's maintenance (https://learn.microsoft.com/troubleshoot/azure/azure-container-instances/management/container-instances-restarts-platform-maintenance). */
const MAINTENANCE = [7147, 7148];
/** Start times may be rounded. If the container was started again, they differ by more than this, in milliseconds. */
const SAME_START = 1_000;
/** The same for the time of an event. */
const SAME_START_EVENT = 2_000;

/**
 * A container group as an observation. The state of the run's container decides; neither the group's nor the last operation's does.
 *
 * The first end with an exit code is the run's. A container that Azure starts again has ended: Azure may do so after any exit code but 0, and for
 * a lost machine or a Spot eviction, whatever the restart policy.
 * @param now in milliseconds: for an end whose time Azure does not say
 */
export function observationOf(group: GroupFacts, known: Known, now: number): Observation {
  const own = group.containers.find(({ name }) => name === known.container) ?? group.containers[0];
  const current = own?.currentState ?? {};
  const previous = own?.previousState ?? {};
  const startedAt = firstStart(own, known.startedAt);
  const ended = (outcome: Outcome, at: number | undefined): Observation => ({
    phase: "ended",
    outcome,
    ...(startedAt === undefined ? {} : { startedAt: iso(startedAt) }),
    endedAt: iso(Math.max(at ?? now, startedAt ?? 0)),
  });

  const again = own && startedAgain(own, startedAt, known.stop);
  if (own && again !== undefined) {
    // A container that Azure starts after pushpool's stop is stopped too: the end before counts.
    if (neverRan(previous, own)) return ended({ kind: "failedToStart", reason: again }, previous.finishTime);
    if (previous.exitCode !== undefined && !isEviction(group, previous))
      return ended(codeOf(group, previous, own, known, again), previous.finishTime);
    if (current.state !== "Terminated" || current.exitCode === undefined)
      return ended(known.stop ? outcomeOfStop(known.stop) : evictedOrLost(group, own, again), previous.finishTime);
    return ended(codeOf(group, current, own, known, again), current.finishTime);
  }
  switch (current.state) {
    case "Running":
      return { phase: "running", startedAt: iso(startedAt ?? now) };
    case "Terminated":
      return ended(outcomeOf(group, current, own as ContainerFacts, known, startedAt), current.finishTime);
    default:
      if (group.state === "Stopped") return ended(stopped(known), undefined);
      return waiting(group, own, startedAt, ended);
  }
}

/** When the container first started, in milliseconds. Its events remember a start that its states have forgotten. */
function firstStart(own: ContainerFacts | undefined, seen: number | undefined): number | undefined {
  const { currentState, previousState, events = [] } = own ?? {};
  const said = seen ?? currentState?.startTime ?? previousState?.startTime;
  const event = Math.min(...events.flatMap(({ name, firstAt }) => (name === "Started" && firstAt !== undefined ? [firstAt] : [])));
  if (!Number.isFinite(event) || (said !== undefined && event > said - SAME_START_EVENT)) return said;
  return event;
}

/** How Azure has started the container again, or is about to; `undefined`: it has not. */
function startedAgain(own: ContainerFacts, startedAt: number | undefined, stop: StopNote | undefined): string | undefined {
  const { currentState: { state, startTime, detailStatus = "" } = {}, previousState = {}, restartCount = 0 } = own;
  const hasEnded = previousState.state === "Terminated" && state !== "Terminated";
  const hasRun = previousState.state === "Terminated" || startedAt !== undefined;
  // One that cannot start is tried again and again, and may be stopped at that: it has never run.
  if (!hasRun && state !== "Running") return undefined;
  if (hasEnded || restartCount > 0)
    return state === "Waiting"
      ? `Azure was about to start the container again${detailStatus && ` (${textOfReply(detailStatus)})`}, and pushpool stopped it`
      : `Azure started the container again${restartCount > 0 ? ` (restart count ${restartCount})` : ""}, and pushpool stopped it`;
  if (startedAt === undefined || stop) return undefined;
  if (startTime !== undefined && Math.abs(startTime - startedAt) > SAME_START)
    return `Azure started the container again at ${iso(startTime)}, and pushpool stopped it`;
  return state === "Waiting" ? "Azure took the container away, and was about to start it again" : undefined;
}

/** Whether the runtime says that it could not start the command. */
function neverRan({ exitCode, detailStatus = "" }: ContainerState, { events = [] }: ContainerFacts): boolean {
  if (CANNOT_START.test(detailStatus)) return true;
  return NOT_STARTED.includes(exitCode) && events.some(({ type, message }) => type === "Warning" && CANNOT_START_EVENT.test(message));
}

/** Whether an exit code is that of a Spot eviction: its containers are killed. */
function isEviction({ spot }: GroupFacts, { exitCode, detailStatus = "" }: ContainerState): boolean {
  return spot && exitCode !== undefined && KILLED.includes(exitCode) && !/oom/i.test(detailStatus);
}

function evictedOrLost({ spot }: GroupFacts, own: ContainerFacts | undefined, again: string): Outcome {
  if (spot) return { kind: "signalled", signal: UNKNOWN_SIGNAL, reason: `its Spot container group was evicted: ${again}` };
  const said = textOfReply(own?.previousState?.detailStatus ?? "");
  return { kind: "lost", reason: said === "" ? again : `${said}: ${again}` };
}

const UNKNOWN_SIGNAL = "an unknown signal";

/** The end of a container that has ended once. */
function outcomeOf(group: GroupFacts, state: ContainerState, own: ContainerFacts, known: Known, startedAt: number | undefined): Outcome {
  const said = textOfReply(state.detailStatus ?? "");
  if (CANNOT_START.test(said)) return { kind: "failedToStart", reason: warningsOf(own) || said };
  if (state.exitCode !== undefined && !(STOPPED.test(said) && known.stop)) return codeOf(group, state, own, known);
  if (STOPPED.test(said) || known.stop) return stopped(known);
  if (NODE_LOST.test(said) || /^(Repairing|Unhealthy)$/.test(group.provisioningState ?? "") || group.state === "Unknown")
    return { kind: "lost", reason: `Azure lost the machine that it ran on (${said})` };
  if (startedAt === undefined) return { kind: "failedToStart", reason: said || warningsOf(own) || "Azure gives no reason" };
  return { kind: "failed", reason: `Azure says ${said === "" ? "nothing" : `"${said}"`} and no exit code` };
}

/** The end of a container that has an exit code. @param note what else happened */
function codeOf(group: GroupFacts, state: ContainerState, { events = [] }: ContainerFacts, { stop }: Known, note?: string): Outcome {
  const { exitCode = 0, detailStatus = "" } = state;
  if (stop && KILLED.includes(exitCode) && !/oom/i.test(detailStatus)) return outcomeOfStop(stop);
  // Events before another start may belong to either end.
  return exited(state, note === undefined || KILLED.includes(exitCode) ? events : [], group.windows ?? false, note);
}

function exited(
  { exitCode = 0, detailStatus = "" }: ContainerState,
  events: readonly ContainerEvent[],
  windows: boolean,
  note: string | undefined,
): Outcome {
  const said = textOfReply(detailStatus);
  const reason = (text: string | undefined) => {
    const all = [text, note].filter((each) => each !== undefined).join("; ");
    return all === "" ? {} : { reason: all };
  };
  const byPlatform = events.findLast(({ message }) => /platform initiated/i.test(message));
  if (MAINTENANCE.includes(exitCode) || (byPlatform && exitCode !== 0))
    return {
      kind: "signalled",
      signal: UNKNOWN_SIGNAL,
      ...reason(`Azure ended it for maintenance (exit code ${exitCode}${byPlatform ? `: ${textOfReply(byPlatform.message)}` : ""})`),
    };
  if (exitCode === 137 && !windows) {
    const killed = /oom/i.test(said)
      ? `out of memory (${said})`
      : "exit code 137: Azure gives no reason; most often its memory was used up";
    return { kind: "signalled", signal: "SIGKILL", ...reason(killed) };
  }
  if (exitCode > 128 && exitCode <= 192 && !windows) return { kind: "signalled", signal: signalOf(exitCode), ...reason(undefined) };
  const isPlain = said === "" || /^(error|completed)$/i.test(said);
  return { kind: "exited", code: exitCode, ...reason(isPlain ? undefined : said) };
}

function stopped({ stop }: Known): Outcome {
  return stop ? outcomeOfStop(stop) : { kind: "cancelled", by: "someoneElse" };
}

export function outcomeOfStop({ why, reason }: StopNote): Outcome {
  if (why === "cancelled") return { kind: "cancelled", by: "us", ...(reason === undefined ? {} : { reason }) };
  return { kind: "timedOut", phase: why };
}

/** According to Azure, the run's container does not run and has not ended. */
function waiting(
  { provisioningState, state, initContainers }: GroupFacts,
  own: ContainerFacts | undefined,
  startedAt: number | undefined,
  ended: (outcome: Outcome, at: number | undefined) => Observation,
): Observation {
  const said = textOfReply(own?.currentState?.detailStatus ?? "");
  const warnings = own === undefined ? "" : warningsOf(own);
  const why = [said, warnings].filter((each) => each !== "").join(": ");
  const init = initContainers.find(({ currentState }) => (currentState?.exitCode ?? 0) !== 0);
  if (state === "Failed" && init)
    return ended(
      { kind: "failedToStart", reason: `init container "${init.name}" exited with code ${init.currentState?.exitCode}` },
      undefined,
    );
  if (state === "Succeeded")
    return ended({ kind: "lost", reason: "Azure says that the group succeeded, and nothing of its container" }, undefined);
  // A reply may leave out the state of a container that has started.
  if (startedAt !== undefined && state !== "Failed") return { phase: "running", startedAt: iso(startedAt) };
  // Azure gives up after half an hour, but the group would continue to try.
  if (state === "Failed" || provisioningState === "Failed" || provisioningState === "Canceled")
    return ended({ kind: startedAt === undefined ? "failedToStart" : "lost", reason: why || "Azure gives no reason" }, undefined);
  if (CRASH_LOOP.test(said)) return ended({ kind: "failedToStart", reason: why }, undefined);
  return { phase: "pending", message: `Azure: ${why || state || "Pending"}` };
}

/** What went wrong with a container, in Azure's words, the newest last. */
function warningsOf({ events = [] }: ContainerFacts): string {
  const texts = events.filter(({ type }) => type === "Warning").map(({ message }) => textOfReply(message));
  return [...new Set(texts)].slice(-2).join(": ");
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
