import { describeFileError, isFileError } from "../fileErrors";
import { readable, safeJson } from "../shown";
import { UserError } from "../userError";
import { buildProgram } from "./program";
import { guardOutput } from "./streams";

/** A mistake in the words of the command itself. */
const BAD_INPUT = 2;
/** Refused from outside, as by a disk that is full. */
const REFUSED = 5;
/** A bug of ours; `sysexits.h` calls it EX_SOFTWARE. */
const OUR_BUG = 70;

async function main(argv: string[]): Promise<void> {
  guardOutput();
  try {
    const program = buildProgram();
    if (argv.length <= 2) {
      // Asked for nothing: the help, where mistakes are told.
      process.stderr.write(program.helpInformation());
      process.exitCode = BAD_INPUT;
      return;
    }
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = tell(error, argv.includes("--json"));
  }
}

/** Say what went wrong, once, on stderr, and how it is told to the shell. */
function tell(error: unknown, json: boolean): number {
  const { exitCode, message } = judge(error);
  if (message === "") return exitCode;
  process.stderr.write(`${json ? safeJson(JSON.stringify({ error: { message, exitCode } })) : `pushpool: ${readable(message)}`}\n`);
  return exitCode;
}

function judge(error: unknown): { exitCode: number; message: string } {
  if (error instanceof UserError) return { exitCode: error.exitCode, message: error.message };
  if (isFileError(error))
    return { exitCode: REFUSED, message: `cannot ${verbOf(error.syscall)} ${error.path ?? "a file"}: ${describeFileError(error)}` };
  const { code, exitCode, message, stack } = error as { code?: string; exitCode?: number; message: string; stack?: string };
  if (code?.startsWith("commander.")) {
    if (exitCode === 0) return { exitCode: 0, message: "" };
    return { exitCode: BAD_INPUT, message: message.replace(/^error: /, "").replace("\n(", " (") };
  }
  return {
    exitCode: OUR_BUG,
    message: `this is a bug of pushpool's, not a mistake of yours. Please report it with this:\n${stack ?? message}`,
  };
}

/** What a person calls the system call that failed. */
function verbOf(syscall = ""): string {
  if (["mkdir", "link", "symlink"].includes(syscall)) return "make";
  if (["unlink", "rmdir", "rm"].includes(syscall)) return "remove";
  if (["write", "rename", "ftruncate", "fsync", "chmod"].includes(syscall)) return "write";
  if (syscall.startsWith("spawn")) return "run";
  return "open";
}

main(process.argv);
