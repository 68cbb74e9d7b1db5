/** Wait until something holds, and give it; a loaded machine gets minutes, and a test that fails takes as long. */
export async function until<T>(what: () => Promise<T | false | undefined> | T | false | undefined, limit = 150_000): Promise<T> {
  const end = Date.now() + limit;
  for (;;) {
    const seen = await what();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`it never came true: ${what}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
