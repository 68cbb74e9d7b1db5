/** How long a message that was said is not repeated, in milliseconds. */
const PAUSE = 60_000;

/** Says a message at once, and the same message again only after a while. For what is tried again and again. */
export function nowAndAgain<More extends unknown[]>(
  say: (message: string, ...more: More) => void,
): (message: string, ...more: More) => void {
  const saidAt = new Map<string, number>();
  return (message, ...more) => {
    const now = Date.now();
    if (now - (saidAt.get(message) ?? Number.NEGATIVE_INFINITY) < PAUSE) return;
    saidAt.set(message, now);
    say(message, ...more);
  };
}
