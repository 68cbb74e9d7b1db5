import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { aboutPath, syncFolder } from "../../writeWhole";
import type { Edit } from "./snapshot";

/**
 * The changes of a state during an operation, one line each, in a file beside the state.
 * To write the whole state for every resource would take quadratic time.
 * The journal is merged into the state ("folded") when the operation ends, or else when the next one begins.
 */
type JournalLine =
  /** The first line: the digest of the state file that the edits start from. */
  | { state: string }
  /** The salt for the secrets that follow, if the state had no secrets before. */
  | { salt: string }
  | Edit
  /** The last line: the digest of the state file after all edits. The state file is about to be written, or was written. */
  | { folded: string };

/** A journal that was read. */
export interface Journal {
  /** Digest of the state file that the edits start from. */
  state: string;
  salt?: string;
  edits: Edit[];
  /** Digest of the state file that contains the edits. The file may not have been written yet. */
  folded?: string;
}

/** The path of a state's journal. */
export function journalPath(statePath: string): string {
  return `${statePath}.journal`;
}

/** Appends to a journal. An append is durable (fdatasync) before it resolves: a power loss forgets nothing that a provider created. */
export class JournalWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  /** The length of the file in complete lines, in bytes. */
  #length = 0;
  /** Whether an append failed, so that its beginning may follow the complete lines. */
  #isTorn = false;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Begin a journal on top of the current state file. */
  static async begin(statePath: string): Promise<JournalWriter> {
    const path = journalPath(statePath);
    const writer = new JournalWriter(path, await open(path, "w", 0o600));
    await writer.append([{ state: stateDigest(readFileSync(statePath, "utf8")) }]);
    syncFolder(path);
    return writer;
  }

  async append(lines: readonly JournalLine[]): Promise<void> {
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    try {
      // A full disk may have cut an earlier append short. A shorter line would overwrite only a part of it.
      if (this.#isTorn) await this.#file.truncate(this.#length);
      this.#isTorn = true;
      for (let written = 0; written < bytes.length; )
        written += (await this.#file.write(bytes, written, bytes.length - written, this.#length + written)).bytesWritten;
      await this.#file.datasync();
    } catch (error) {
      throw aboutPath(error, this.#path);
    }
    this.#isTorn = false;
    this.#length += bytes.length;
  }

  /** Write the new text of the state, and delete the journal. */
  async fold(text: string, write: () => void): Promise<void> {
    await this.append([{ folded: stateDigest(text) }]);
    await this.#file.close();
    write();
    rmSync(this.#path, { force: true });
  }
}

/**
 * Read the journal beside a state, if there is one. An incomplete last line is ignored: its append never resolved.
 * @throws {Error} if it is damaged in another way
 */
export function readJournal(statePath: string): Journal | undefined {
  const path = journalPath(statePath);
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  const journal: Journal = { state: "", edits: [] };
  for (const [index, text] of lines.entries()) {
    let line: JournalLine;
    try {
      line = JSON.parse(text) as JournalLine;
    } catch {
      if (index === lines.length - 1) break;
      throw new Error(`line ${index + 1} is invalid JSON`);
    }
    if ("state" in line) journal.state = line.state;
    else if ("salt" in line) journal.salt = line.salt;
    else if ("folded" in line) journal.folded = line.folded;
    else if (typeof line.edit === "string") journal.edits.push(line);
    else throw new Error(`line ${index + 1} is not a journal entry`);
  }
  // A journal without its first line holds nothing yet.
  return journal.state === "" ? undefined : journal;
}

export function stateDigest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
