/** The exit code if the output cannot be written. */
const UNWRITABLE = 5;

const gone = new AbortController();

/** Fires when the reader of stdout has closed it (`pushpool logs -f … | head`). Work that only produces output can then stop. */
export const readerGone: AbortSignal = gone.signal;

/**
 * Make sure that a closed pipe or a full disk does not crash the process in the middle of a run.
 *
 * A closed pipe is not an error and does not end the process: the exit code of `run` must still say how the run ended. Any other error of
 * stdout (such as a full disk) prints one message and ends the process with exit code 5. Submitted runs continue.
 */
export function guardOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return gone.abort();
    process.stderr.write(`pushpool: cannot write to standard output: ${error.message}. Submitted runs continue\n`);
    process.exit(UNWRITABLE);
  });
  // There is no other stream for a message.
  process.stderr.on("error", () => {});
}
