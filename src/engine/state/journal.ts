import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { aboutPath, syncFolder } from "../../writeWhole";
import type { Edit } from "./snapshot";

/**
 * What changes of a state while an operation goes on, line by line beside the state's file: to write the whole for each of many resources would
 * take the square of their number. It is folded into the state when the operation ends, or when the next one begins.
 */
type Line =
  /** The first: which text of the state it goes on from. */
  | { state: string }
  /** The salt that secrets of a state without any are encrypted with from here on. */
  | { salt: string }
  | Edit
  /** The last: the text that the state has, or is about to have, with all of this in it. */
  | { folded: string };

/** The journal of an operation, as found beside a state. */
export interface Journal {
  /** Digest of the state's text that it goes on from. */
  state: string;
  salt?: string;
  edits: Edit[];
  /** Digest of the text into which it has been folded, or was going to be. */
  folded?: string;
}

/** Where the journal of a state is. */
export function journalPath(statePath: string): string {
  return `${statePath}.journal`;
}

/** Appends to a journal. What it has appended is on the disk itself when it says so: a loss of power forgets nothing that a provider made. */
export class JournalWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  /** How much of the file is whole lines. */
  #length = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Begin a journal that goes on from what the state's file holds now. */
  static async begin(statePath: string): Promise<JournalWriter> {
    const path = journalPath(statePath);
    const writer = new JournalWriter(path, await open(path, "w", 0o600));
    await writer.append([{ state: digestOf(readFileSync(statePath, "utf8")) }]);
    syncFolder(path);
    return writer;
  }

  async append(lines: readonly Line[]): Promise<void> {
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    // Where an earlier one was cut short by a full disk, this one stands in its place.
    try {
      for (let written = 0; written < bytes.length; )
        written += (await this.#file.write(bytes, written, bytes.length - written, this.#length + written)).bytesWritten;
      await this.#file.datasync();
    } catch (error) {
      throw aboutPath(error, this.#path);
    }
    this.#length += bytes.length;
  }

  /** The state gets this text, and this journal is no more. */
  async fold(text: string, write: () => void): Promise<void> {
    await this.append([{ folded: digestOf(text) }]);
    await this.#file.close();
    write();
    rmSync(this.#path, { force: true });
  }
}

/**
 * The journal beside a state, if there is one. A last line that was cut off is left out: nobody was told that it was written.
 * @throws if it is damaged otherwise
 */
export function readJournal(statePath: string): Journal | undefined {
  const path = journalPath(statePath);
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  const journal: Journal = { state: "", edits: [] };
  for (const [index, text] of lines.entries()) {
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      if (index === lines.length - 1) break;
      throw new Error(`line ${index + 1} is not JSON`);
    }
    if ("state" in line) journal.state = line.state;
    else if ("salt" in line) journal.salt = line.salt;
    else if ("folded" in line) journal.folded = line.folded;
    else if (typeof line.edit === "string") journal.edits.push(line);
    else throw new Error(`line ${index + 1} is none of a journal`);
  }
  // One that does not even say where it goes on from holds nothing yet.
  return journal.state === "" ? undefined : journal;
}

export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
