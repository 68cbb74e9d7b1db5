import { isDeepStrictEqual } from "node:util";
import { formatDuration } from "../duration";
import { type FlowRun, isTerminal, type RunEvent, type RunRequest, type Runs, type StateType } from "../runs";
import { UserError } from "../userError";

/** How many of a failed run's last lines its error tells, and how many characters of them: it travels in a header. */
const LAST_LINES = 20;
const LAST_CHARACTERS = 4000;
/** How many characters of a line are looked through for secrets, before it is cut. */
const READ_CHARACTERS = 64 * 1024;
/** How long to wait for the last of them, in milliseconds. */
const LOG_WAIT = 30_000;

/** The states told while it is waited for; a bad end is told by the error. */
const TOLD: readonly StateType[] = ["PENDING", "RUNNING", "COMPLETED"];

/** A run that `up` stopped watching before it had ended. */
export class StillGoing extends Error {
  constructor(
    readonly run: FlowRun,
    timeoutMs: number,
  ) {
    super(
      `${title(run)} is still ${run.state.type} after ${formatDuration(timeoutMs)} (timeout). It goes on: the next \`up\` watches it further, \`pushpool cancel ${run.id}\` stops it`,
    );
  }
}

/** What {@link startOrAdopt} asks and tells. */
export interface Starting {
  warn: (message: string) => void;
  /** Whether a run already belongs to a resource of the stack. Then this request is for its replacement. */
  isOwned: (run: FlowRun) => Promise<boolean>;
  /** Stops a run that is replaced. */
  stop: (run: FlowRun) => Promise<void>;
}

/**
 * The run of a request's idempotency key. A key that is new gives a new run.
 *
 * A run that no resource owns yet was started by an `up` that was killed: it is adopted if it COMPLETED or has not ended, and gets another
 * attempt if it failed. So nothing runs twice. A run that a resource owns is replaced: it is stopped first, then a new run is made.
 */
export async function startOrAdopt(runs: Runs, request: RunRequest, { warn, isOwned, stop }: Starting): Promise<FlowRun> {
  for (;;) {
    const { run: found, created, warnings } = await runs.createRun(request);
    for (const warning of warnings) warn(warning);
    if (created) return found;
    if (await isOwned(found)) await stop(found);
    else {
      const run = await again(runs, found, request);
      if (run) return run;
    }
    await runs.releaseKey(found.id);
  }
}

/**
 * A run as it is, or SCHEDULED once more if it failed.
 * @returns `undefined` if another attempt would not be what is asked for now: the deployment's own parameters or its pool have changed
 */
export async function again(runs: Runs, found: FlowRun, request: RunRequest): Promise<FlowRun | undefined> {
  const [run = found] = await runs.observeRuns([found]);
  if (!isTerminal(run.state) || run.state.type === "COMPLETED") return run;
  const { workPool, parameters } = await runs.planRun(request);
  if (workPool !== run.workPool || !isDeepStrictEqual(parameters, run.parameters)) return undefined;
  try {
    return await runs.retryRun(run.id);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // Another provider, left over from an `up` that was killed, may have come first.
    const present = await runs.readRun(run.id);
    return present && present.attempt > run.attempt ? present : undefined;
  }
}

/** How a run is carried out. */
export interface CarryingOut {
  wait: boolean;
  /** How long to watch. @default to the end */
  timeoutMs?: number;
  tell: (line: string) => void;
  /** Takes the secrets out of lines of text: the run's output, or the reason of its end. */
  hide: (lines: string[]) => string[];
}

/**
 * Submit a run if need be and, if it is to be waited for, watch it to its end.
 * @returns the run; COMPLETED if it was waited for
 * @throws {StillGoing} if the time is over; {UserError} if it failed, with the reason and its last lines, or if it could not be submitted
 */
export async function carryOut(runs: Runs, run: FlowRun, { wait, timeoutMs, tell, hide }: CarryingOut): Promise<FlowRun> {
  const onEvent = (event: RunEvent) => {
    if (event.kind === "state" && TOLD.includes(event.run.state.type)) tell(`${title(event.run)} is ${event.run.state.type}`);
    if (event.kind === "waiting") tell(`${title(event.run)} waits: ${event.reason}`);
    if (event.kind === "warning") tell(`warning: ${event.message}`);
  };
  if (!wait) return runs.submitRun(run.id, { onEvent });
  const seen = await runs.followRun(run.id, { onEvent, logs: false, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  if (seen.state.type === "COMPLETED") return seen;
  if (!isTerminal(seen.state)) throw new StillGoing(seen, timeoutMs ?? 0);
  throw new UserError(failure(seen, await lastLines(runs, seen), hide), 5);
}

function failure(run: FlowRun, read: string[], hide: CarryingOut["hide"]): string {
  const { type, message = "no reason is known" } = run.state;
  const lines = cutLines(hide(read));
  const output =
    lines.length === 0
      ? "It wrote nothing."
      : `Its last lines (\`pushpool logs ${run.id}\` has all):\n${lines.map((line) => `  ${line}`).join("\n")}`;
  return `${title(run)} is ${type}: ${hide([message])[0]}. ${output}`;
}

async function lastLines(runs: Runs, run: FlowRun): Promise<string[]> {
  const lines: string[] = [];
  try {
    await runs.readLogs(run.id, {
      follow: true,
      signal: AbortSignal.timeout(LOG_WAIT),
      onLine: ({ text }) => {
        lines.push(text.slice(0, READ_CHARACTERS));
        if (lines.length > LAST_LINES) lines.shift();
      },
    });
  } catch (error) {
    // How the run ended is what counts, and that is known.
    if (lines.length === 0) return [`(its output could not be read: ${(error as Error).message})`];
  }
  return lines;
}

/** Lines whose secrets are hidden already: a secret that was cut in two would not be found. */
function cutLines(lines: readonly string[]): string[] {
  const cut = lines.map((line) => line.slice(0, LAST_CHARACTERS));
  while (cut.length > 1 && cut.join("\n").length > LAST_CHARACTERS) cut.shift();
  return cut;
}

function title(run: FlowRun): string {
  const attempt = run.attempt > 1 ? `, attempt ${run.attempt}` : "";
  return `flow run ${run.name} (${run.id}${attempt}) of ${run.deployment}`;
}
