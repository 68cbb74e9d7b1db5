import { constants } from "node:os";

/** How an attempt ended, if Google's message shows it. */
export interface AttemptWords {
  kind?: "timedOut" | "outOfMemory" | "neverStarted" | "signalled" | "cancelled" | "ownFault" | "failed";
  /** Never 0: for a failed attempt without an exit code, Google writes "exit code: 0". */
  exitCode?: number;
  /** By name, if it has one here. */
  signal?: string;
}

/**
 * Cloud Run's messages since 2018, in tasks and in conditions of executions; the first match counts. "Task X failed with exit code: 0 and
 * message: …" contains one of the others as its message.
 */
const KINDS: readonly [RegExp, NonNullable<AttemptWords["kind"]>][] = [
  // Before all others: a path or a volume in these may contain any word.
  [
    /failed to (start|load|mount|resolve|create|pull)\b|exec likely failed|exec format error|mount(ing)? (of )?(\S+ ){0,4}(failed|timed out)|\bstartup (\w+ )?probe\b|import failed|(support|has no|without) (linux\/amd64|amd64\/linux)|toomanyrequests|too many requests|quota exceeded|no such file or directory|image \S+ not found|permission to read the image|permission denied on secret/i,
    "neverStarted",
  ],
  [/memory limit|out[- ]of[- ]memory|too much memory|exceed\w* (its |the )?(available |allocated )?memory|\boom[- ]?kill/i, "outOfMemory"],
  [
    /configured timeout|task timeout|timed[- ]?out|(due to|reached|exceeded) (a |the |its )?(\S+ )?(time ?out|time limit)|deadline exceeded/i,
    "timedOut",
  ],
  // Before the signals: these explain a signal.
  [/\bmaintenance\b|\bpreempt(ed|ion)\b|(stopped|terminated|shut down) by (the )?(system|platform|infrastructure)\b/i, "ownFault"],
  [/\bcancell?ed\b/i, "cancelled"],
  [/\bsignal:? \d+|\ba signal terminated|terminated (on|by|with) (a )?signal/i, "signalled"],
  [/\binternal( system)? error\b|^internal\b|service is (currently )?unavailable/i, "ownFault"],
  [/exited with an error|non-?zero|exited abnormally|execution failed|failed to complete|exit(ed)?\b.*\b(code|status)\b/i, "failed"],
];

/**
 * What a message says about an attempt.
 * @param text one line: a task's, or an execution's, which contains the task's
 */
export function readAttempt(text: string): AttemptWords {
  // A Job's own name may contain any word.
  const plain = text.replaceAll(/\b(Task|Execution) \S+-\S+/g, "$1");
  const words = wordsOf(plain);
  const kind = KINDS.find(([pattern]) => pattern.test(words))?.[1];
  const [, ...codes] =
    /\bexit(?:ed)?(?: with)?(?: (?:code|status))?:? ?(\d+)|\bexit\((\d+)\)|\b(?:code|status):? (\d+)\b/i.exec(plain) ?? [];
  const exitCode = Number(codes.find((each) => each !== undefined) ?? 0);
  const number = /\bsignal:? (\d+)/i.exec(words)?.[1];
  const signal = number === undefined ? /\bSIG[A-Z]{2,}\d*\b/.exec(words)?.[0] : signalName(Number(number));
  return { ...(kind === undefined ? {} : { kind }), ...(exitCode > 0 ? { exitCode } : {}), ...(signal === undefined ? {} : { signal }) };
}

/** A task's message within its execution's: for "Task X failed with exit code: 0 and message: Y" that is Y. */
export function wordsOf(text: string): string {
  return /\bmessage: (.+)$/.exec(text)?.[1] ?? text;
}

/** `SIGKILL`, or `signal 63` for a signal without a name here. */
export function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}
