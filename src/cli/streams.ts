import { fstatSync, writeSync } from "node:fs";

export type Output = "stdout" | "stderr";

/** The exit code if the output cannot be written. */
const UNWRITABLE = 5;

const FILES = { stdout: 1, stderr: 2 } as const;

/** How much a pipe takes before its reader reads any of it, in bytes: on no system less. */
const AT_ONCE = 16 * 1024;

/**
 * How many bytes `write` may still write without the stream. There are none until `guardOutput` has run, and none once there is a stream.
 */
const direct = { stdout: 0, stderr: 0 };

const gone = new AbortController();

/** Fires when the reader of stdout has closed it (`pushpool logs -f … | head`). Work that only produces output can then stop. */
export const readerGone: AbortSignal = gone.signal;

/**
 * Make sure that a closed pipe or a full disk does not crash the process in the middle of a run.
 *
 * A closed pipe is not an error and does not end the process: the exit code of `run` must still say how the run ended. Any other error of
 * stdout (such as a full disk) prints one message and ends the process with exit code 5. Submitted runs continue.
 *
 * A stream is made at its first use, and guarded then: to make both takes a tenth of the time of a short command, which `write` spares.
 */
export function guardOutput(): void {
  whenMade("stdout", (stdout) =>
    stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") return gone.abort();
      write("stderr", `pushpool: cannot write to standard output: ${error.message}. Submitted runs continue\n`);
      process.exit(UNWRITABLE);
    }),
  );
  // There is no other stream for a message.
  whenMade("stderr", (stderr) => stderr.on("error", () => {}));
}

/** Call `guard` when the process uses a stream for the first time, also if a library does. */
function whenMade(output: Output, guard: (stream: NodeJS.WriteStream) => void): void {
  const { get: make } = Object.getOwnPropertyDescriptor(process, output) as { get(): NodeJS.WriteStream };
  direct[output] = AT_ONCE;
  const getOnce = () => {
    direct[output] = 0;
    Object.defineProperty(process, output, { configurable: true, enumerable: true, get: make });
    const stream = make.call(process);
    guard(stream);
    return stream;
  };
  Object.defineProperty(process, output, { configurable: true, enumerable: true, get: getOnce });
}

/**
 * Write to stdout or stderr: at first without its stream, up to as much as never waits for a reader. The stream gets the rest, and what
 * could not be written: it waits where a pipe is full, and reports a closed pipe or a full disk.
 */
export function write(output: Output, text: string): void {
  let rest = Buffer.from(text);
  try {
    while (rest.length > 0 && rest.length <= direct[output]) {
      const written = writeSync(FILES[output], rest);
      direct[output] -= written;
      rest = rest.subarray(written);
    }
  } catch {
    // The stream meets the same error.
  }
  if (rest.length > 0) process[output].write(rest);
}

/** Whether stdout or stderr is a terminal. Its stream is not made for that if it is a pipe or a file. */
export function isTty(output: Output): boolean {
  return fstatSync(FILES[output]).isCharacterDevice() && process[output].isTTY === true;
}
