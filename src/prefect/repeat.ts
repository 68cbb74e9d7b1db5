/** The longest pause between two tries that we choose ourselves, in milliseconds. */
const LONGEST = 8_000;

/**
 * How long to wait before the next try, in milliseconds: what `Retry-After` says (seconds, or a date), else 0.25 s and twice as long each
 * time; with up to a fifth more, so that many clients do not come back at once.
 * @param tries how many there were
 */
export function nextPause(tries: number, retryAfter: string | null, now: number, random = Math.random): number {
  const asked = retryAfter === null ? Number.NaN : askedFor(retryAfter, now);
  const pause = Number.isNaN(asked) ? Math.min(250 * 2 ** (tries - 1), LONGEST) : asked;
  return Math.round(pause * (1 + 0.2 * random()));
}

function askedFor(retryAfter: string, now: number): number {
  const seconds = Number(retryAfter);
  // Zero would be a busy loop.
  const wanted = Number.isNaN(seconds) ? Date.parse(retryAfter) - now : seconds * 1000;
  return Number.isNaN(wanted) ? wanted : Math.max(wanted, 100);
}

/** Whether the request surely never left: nobody was there to take it. Anything else may have taken effect. */
export function sureNotSent(error: Error): boolean {
  const { cause } = error;
  const causes = cause instanceof AggregateError ? cause.errors : [cause];
  return causes.every((one) => UNSENT.has((one as NodeJS.ErrnoException | undefined)?.code ?? ""));
}

const UNSENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);
