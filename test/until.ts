/** The clock, which tests may replace or move on later. */
const now = performance.now.bind(performance);

/** Wait for a truthy value and return it. The limit is minutes, because the machine may be loaded. */
export async function until<T>(what: () => Promise<T | false | undefined> | T | false | undefined, limit = 150_000): Promise<T> {
  const end = now() + limit;
  for (;;) {
    const seen = await what();
    if (seen) return seen;
    if (now() > end) throw new Error(`the condition never became true: ${what}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
