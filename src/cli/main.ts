import type { EventEmitter } from "node:events";
import { describeFileError, isFileError } from "../fileErrors";
import { readable, safeJson } from "../shown";
import { UserError } from "../userError";
import { buildProgram } from "./program";
import { guardOutput, write } from "./streams";

/** Invalid input. */
const BAD_INPUT = 2;
/** Refused by the system or another service, for example because the disk is full. */
const REFUSED = 5;
/** A bug in pushpool. `sysexits.h` calls it EX_SOFTWARE. */
const OUR_BUG = 70;

async function main(argv: string[]): Promise<void> {
  guardOutput();
  endIfReplaced(argv.includes("--json"));
  try {
    const program = buildProgram(argv.slice(2));
    if (argv.length <= 2) {
      // Without a command, print the help to stderr, because this is an error.
      write("stderr", program.helpInformation());
      process.exitCode = BAD_INPUT;
      return;
    }
    await program.parseAsync(argv).catch((error) => {
      const isHelp = error.code === "commander.help" && error.exitCode !== 0;
      if (error.code !== "commander.unknownCommand" && !isHelp) throw error;
      // It suggests a command, out of all of them. After `help`, the word that follows is the unknown command.
      return buildProgram().parseAsync(isHelp ? argv.filter((word) => word !== "help") : argv);
    });
  } catch (error) {
    process.exitCode = printError(error, argv.includes("--json"));
  }
}

/**
 * End the process if a chunk of the bundle cannot be loaded. The command must end. Otherwise the error would become the outcome of a run.
 */
function endIfReplaced(json: boolean): void {
  (process as EventEmitter).once("chunkMissing", () => {
    const message =
      "the files of this pushpool were replaced or moved while it ran, probably by an upgrade. Start it again: it continues what is unfinished";
    process.exit(printError(new UserError(message, REFUSED), json));
  });
}

/** Print an error to stderr. @returns the exit code */
function printError(error: unknown, json: boolean): number {
  const { exitCode, message } = judge(error);
  if (message === "") return exitCode;
  write("stderr", `${json ? safeJson(JSON.stringify({ error: { message, exitCode } })) : `pushpool: ${readable(message)}`}\n`);
  return exitCode;
}

function judge(error: unknown): { exitCode: number; message: string } {
  if (error instanceof UserError) return { exitCode: error.exitCode, message: error.message };
  if (isFileError(error))
    return { exitCode: REFUSED, message: `cannot ${verbOf(error.syscall)} ${error.path ?? "a file"}: ${describeFileError(error)}` };
  const { code, exitCode, message, stack } = error as { code?: string; exitCode?: number; message: string; stack?: string };
  if (code?.startsWith("commander.")) {
    if (exitCode === 0) return { exitCode: 0, message: "" };
    if (code === "commander.help") return { exitCode: BAD_INPUT, message: "the command is missing: `pushpool --help` lists the commands" };
    return { exitCode: BAD_INPUT, message: message.replace(/^error: /, "").replace("\n(", " (") };
  }
  return {
    exitCode: OUR_BUG,
    message: `this is a bug of pushpool, not your mistake. Please report it with this:\n${stack ?? message}`,
  };
}

/** A verb that describes the failed system call. */
function verbOf(syscall = ""): string {
  if (["mkdir", "link", "symlink"].includes(syscall)) return "make";
  if (["unlink", "rmdir", "rm"].includes(syscall)) return "remove";
  if (["write", "rename", "ftruncate", "fsync", "chmod"].includes(syscall)) return "write";
  if (syscall.startsWith("spawn")) return "run";
  return "open";
}

/** A promise that nobody keeps would end the process with 0: success without proof. */
async function untilOver(argv: string[]): Promise<void> {
  const ifForgotten = () => {
    process.exitCode = printError(new Error("the command waits for something that nobody does any more"), argv.includes("--json"));
  };
  process.once("beforeExit", ifForgotten);
  await main(argv);
  process.removeListener("beforeExit", ifForgotten);
}

untilOver(process.argv);
