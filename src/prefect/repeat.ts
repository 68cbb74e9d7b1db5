/** The longest pause between two attempts, unless the server asks for a longer one, in milliseconds. */
const MAX_PAUSE = 8_000;

/**
 * How long to wait before the next attempt, in milliseconds: as long as `Retry-After` says (seconds, or a date). Without it, 0.25 s,
 * doubled each time. Up to a fifth is added, so that many clients do not return at once.
 * @param tries how many attempts there were
 */
export function nextPause(tries: number, retryAfter: string | null, now: number, random = Math.random): number {
  const asked = retryAfter === null ? Number.NaN : askedFor(retryAfter, now);
  const pause = Number.isNaN(asked) ? Math.min(250 * 2 ** (tries - 1), MAX_PAUSE) : asked;
  return Math.round(pause * (1 + 0.2 * random()));
}

function askedFor(retryAfter: string, now: number): number {
  const seconds = Number(retryAfter);
  // Zero would be a busy loop.
  const wanted = Number.isNaN(seconds) ? Date.parse(retryAfter) - now : seconds * 1000;
  return Number.isNaN(wanted) ? wanted : Math.max(wanted, 100);
}

/** Whether the request certainly never arrived, since nothing accepted the connection. After any other error it may have taken effect. */
export function sureNotSent(error: Error): boolean {
  const { cause } = error;
  const causes = cause instanceof AggregateError ? cause.errors : [cause];
  return causes.every((one) => UNSENT.has((one as NodeJS.ErrnoException | undefined)?.code ?? ""));
}

const UNSENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);
