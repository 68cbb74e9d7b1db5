import { isDeepStrictEqual } from "node:util";
import { formatDuration } from "../duration";
import { isTerminal, type Run, type RunEvent, type RunRequest, type Runs, type StateType } from "../runs";
import { UserError } from "../userError";

/** How many of a failed run's last lines an error contains, and how many characters of them. The error travels in an HTTP header. */
const LAST_LINES = 20;
const LAST_CHARACTERS = 4000;
/** How many characters of a line are searched for secrets before the line is cut. */
const READ_CHARACTERS = 64 * 1024;
/** How long to wait for the last lines, in milliseconds. */
const LOG_WAIT_MS = 30_000;

/** The states to report while a run is watched. The error reports the others. */
const REPORTED_STATES: readonly StateType[] = ["PENDING", "RUNNING", "COMPLETED"];

/** `up` stopped watching a run before it ended. */
export class StillRunning extends Error {
  constructor(
    readonly run: Run,
    timeoutMs: number,
  ) {
    super(
      `${title(run)} is still ${run.state.type} after ${formatDuration(timeoutMs)} (timeout). It continues to run: the next \`up\` watches it again, and \`pushpool cancel ${run.id}\` stops it`,
    );
  }
}

/** The callbacks of {@link startOrAdopt}. */
export interface StartCallbacks {
  warn: (message: string) => void;
  /** Whether a run already belongs to a resource of the stack. Then the request is for its replacement. */
  isOwned: (run: Run) => Promise<boolean>;
  /** Stops a run that will be replaced. */
  stop: (run: Run) => Promise<void>;
}

/**
 * Get the run of a request's idempotency key. A new key creates a new run.
 *
 * A run that belongs to no resource yet was started by an `up` that was killed. It is adopted if it COMPLETED or has not ended. If it
 * failed, it gets another attempt. So nothing runs twice. A run that belongs to a resource is replaced: it is stopped, then a new run is
 * created.
 */
export async function startOrAdopt(runs: Runs, request: RunRequest, { warn, isOwned, stop }: StartCallbacks): Promise<Run> {
  for (;;) {
    const { run: found, created, warnings } = await runs.createRun(request);
    for (const warning of warnings) warn(warning);
    if (created) return found;
    if (await isOwned(found)) await stop(found);
    else {
      const run = await retryIfFailed(runs, found, request);
      if (run) return run;
    }
    await runs.releaseKey(found.id);
  }
}

/**
 * Return a run as it is, or SCHEDULED again if it failed.
 * @returns `undefined` if another attempt would not match the request, because the deployment's parameters or its pool have changed
 */
export async function retryIfFailed(runs: Runs, found: Run, request: RunRequest): Promise<Run | undefined> {
  const [run = found] = await runs.observeRuns([found]);
  if (!isTerminal(run.state) || run.state.type === "COMPLETED") return run;
  const { workPool, parameters } = await runs.planRun(request);
  if (workPool !== run.workPool || !isDeepStrictEqual(parameters, run.parameters)) return undefined;
  try {
    return await runs.retryRun(run.id);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // Another provider process, left over from a killed `up`, may have retried the run first.
    const present = await runs.readRun(run.id);
    return present && present.attempt > run.attempt ? present : undefined;
  }
}

/** Options for {@link submitAndWatch}. */
export interface WatchOptions {
  wait: boolean;
  /** How long to watch, in milliseconds. @default until the run ends */
  timeoutMs?: number;
  tell: (line: string) => void;
  /** Masks the secrets in lines: the run's output, or the reason why it ended. */
  hide: (lines: string[]) => string[];
}

/**
 * Submit a run if it is not submitted yet. With `wait` watch it until it ends.
 * @returns the run; with `wait` it is COMPLETED
 * @throws {StillRunning} after the timeout
 * @throws {UserError} if the run failed, with the reason and its last lines, or if it could not be submitted
 */
export async function submitAndWatch(runs: Runs, run: Run, { wait, timeoutMs, tell, hide }: WatchOptions): Promise<Run> {
  const onEvent = (event: RunEvent) => {
    if (event.kind === "state" && REPORTED_STATES.includes(event.run.state.type)) tell(`${title(event.run)} is ${event.run.state.type}`);
    if (event.kind === "waiting") tell(`${title(event.run)} waits: ${event.reason}`);
    if (event.kind === "warning") tell(`warning: ${event.message}`);
  };
  if (!wait) return runs.submitRun(run.id, { onEvent });
  const seen = await runs.followRun(run.id, { onEvent, logs: false, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  if (seen.state.type === "COMPLETED") return seen;
  if (!isTerminal(seen.state)) throw new StillRunning(seen, timeoutMs ?? 0);
  throw new UserError(failure(seen, await lastLines(runs, seen), hide), 5);
}

function failure(run: Run, read: string[], hide: WatchOptions["hide"]): string {
  const { type, message = "the reason is unknown" } = run.state;
  const lines = cutLines(hide(read));
  const output =
    lines.length === 0
      ? "It wrote nothing."
      : `Its last lines (\`pushpool logs ${run.id}\` shows all):\n${lines.map((line) => `  ${line}`).join("\n")}`;
  return `${title(run)} is ${type}: ${hide([message])[0]}. ${output}`;
}

async function lastLines(runs: Runs, run: Run): Promise<string[]> {
  const lines: string[] = [];
  try {
    await runs.readLogs(run.id, {
      follow: true,
      signal: AbortSignal.timeout(LOG_WAIT_MS),
      onLine: ({ text }) => {
        lines.push(text.slice(0, READ_CHARACTERS));
        if (lines.length > LAST_LINES) lines.shift();
      },
    });
  } catch (error) {
    // The error is about how the run ended, and that is known without its output.
    if (lines.length === 0) return [`(its output could not be read: ${(error as Error).message})`];
  }
  return lines;
}

/** Cut lines. Their secrets must be masked before: a secret that is cut in two would not be found. */
function cutLines(lines: readonly string[]): string[] {
  const cut = lines.map((line) => line.slice(0, LAST_CHARACTERS));
  while (cut.length > 1 && cut.join("\n").length > LAST_CHARACTERS) cut.shift();
  return cut;
}

function title(run: Run): string {
  const attempt = run.attempt > 1 ? `, attempt ${run.attempt}` : "";
  return `flow run ${run.name} (${run.id}${attempt}) of ${run.deployment}`;
}
