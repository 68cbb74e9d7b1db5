import { constants } from "node:os";

/** How an attempt ended, as far as Google's words tell. */
export interface AttemptWords {
  kind?: "timedOut" | "outOfMemory" | "neverStarted" | "signalled" | "cancelled" | "ownFault" | "failed";
  /** Never 0: of a failed attempt Google says "exit code: 0" where there was none. */
  exitCode?: number;
  /** By name where it has one here. */
  signal?: string;
}

/**
 * The texts that Cloud Run has given since 2018, in tasks and in conditions of executions; the first that fits.
 * "Task X failed with exit code: 0 and message: …" holds one of the others as its message.
 */
const KINDS: readonly [RegExp, NonNullable<AttemptWords["kind"]>][] = [
  // Before all others: a path or a volume in these may hold any word.
  [
    /failed to (start|load|mount|resolve|create|pull)\b|exec likely failed|exec format error|mount(ing)? (of )?(\S+ ){0,4}(failed|timed out)|\bstartup (\w+ )?probe\b|import failed|(support|has no|without) (linux\/amd64|amd64\/linux)|toomanyrequests|too many requests|quota exceeded|no such file or directory|image \S+ not found|permission to read the image|permission denied on secret/i,
    "neverStarted",
  ],
  [/memory limit|out[- ]of[- ]memory|too much memory|exceed\w* (its |the )?(available |allocated )?memory|\boom[- ]?kill/i, "outOfMemory"],
  [
    /configured timeout|task timeout|timed[- ]?out|(due to|reached|exceeded) (a |the |its )?(\S+ )?(time ?out|time limit)|deadline exceeded/i,
    "timedOut",
  ],
  // Before the signals: these say why there was one.
  [/\bmaintenance\b|\bpreempt(ed|ion)\b|(stopped|terminated|shut down) by (the )?(system|platform|infrastructure)\b/i, "ownFault"],
  [/\bcancell?ed\b/i, "cancelled"],
  [/\bsignal:? \d+|\ba signal terminated|terminated (on|by|with) (a )?signal/i, "signalled"],
  [/\binternal( system)? error\b|^internal\b|service is (currently )?unavailable/i, "ownFault"],
  [/exited with an error|non-?zero|exited abnormally|execution failed|failed to complete|exit(ed)?\b.*\b(code|status)\b/i, "failed"],
];

/**
 * What a text says of an attempt.
 * @param text one line: a task's, or an execution's, which has the task's within
 */
export function readAttempt(text: string): AttemptWords {
  // A Job's own name may hold any word.
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

/** A task's own words within its execution's: of "Task X failed with exit code: 0 and message: Y" that is Y. */
export function wordsOf(text: string): string {
  return /\bmessage: (.+)$/.exec(text)?.[1] ?? text;
}

/** `SIGKILL`, or `signal 63` where it has no name here. */
export function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}
