/** Refused: what is asked cannot be told. */
const UNWRITABLE = 5;

const gone = new AbortController();

/** Fires when whoever read stdout has gone (`pushpool logs -f … | head`): what is only worth doing to be read can stop. */
export const readerGone: AbortSignal = gone.signal;

/**
 * Keep a reader that goes away, or a full disk, from ending the process in the middle of a run.
 *
 * A closed pipe is no error and ends nothing by itself: the exit code of `run` still has to tell how the run ended. What else can go wrong with
 * stdout (a full disk) is told once, with exit code 5; runs go on without us.
 */
export function guardOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return gone.abort();
    process.stderr.write(`pushpool: cannot write to standard output: ${error.message}. What was submitted goes on\n`);
    process.exit(UNWRITABLE);
  });
  // There is nowhere left to tell it.
  process.stderr.on("error", () => {});
}
