const SIGNALS: Record<number, string> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  13: "SIGPIPE",
  14: "SIGALRM",
  15: "SIGTERM",
};

/**
 * The signal that ended a container, by the exit code of its shell or runtime. The numbers are those of Linux, because containers run there.
 * @param exitCode 128 plus the number of the signal
 * @returns its name, or its number if it has no common name
 */
export function signalOf(exitCode: number): string {
  return SIGNALS[exitCode - 128] ?? String(exitCode - 128);
}
