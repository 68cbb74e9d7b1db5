import { type FileHandle, open } from "node:fs/promises";

/** Writes commits to the disk, for all writers of this process together, in the background. */
export interface WalSync {
  /**
   * Resolves once all commits before the call would survive a power cut. Callers during a sync share the next one.
   * @throws {Error} the file system's error; after the first one always, since no later sync restores what a failed one lost
   */
  synced(): Promise<void>;
  /** Write the commits to the disk within {@link SOON}: with the next sync that someone waits for, or with an extra one. */
  soon(): void;
  /** Earlier requests are still completed. */
  close(): void;
}

/** In milliseconds. */
const SOON = 50;

/**
 * The half of `synchronous = FULL` that `NORMAL` leaves out. With NORMAL a commit is in the log when it returns, and other processes see
 * it, but it is not yet on the disk. SQLite does the rest (https://www.sqlite.org/pragma.html#pragma_synchronous). It syncs the log before
 * a checkpoint copies from it, and the database before the log is restarted. A commit is therefore always in one of the two.
 *
 * The log is one file, written in order: no later write can be on the disk without the earlier ones, whichever process made them.
 * @param path of the database. Its log exists as long as a connection is open, and SQLite has no lock on it that closing a descriptor would
 * release
 */
export function openWalSync(path: string): WalSync {
  let file: Promise<FileHandle | undefined> | undefined;
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let closed = false;
  let wanted: NodeJS.Timeout | undefined;

  const sync = async () => {
    file ??= open(`${path}-wal`, "r+").catch((error: NodeJS.ErrnoException) => {
      // The last connection removed the log: all of it is then in the database, and synced there.
      if (closed && error.code === "ENOENT") return undefined;
      throw error;
    });
    await (await file)?.datasync();
  };
  const begin = (): Promise<void> => {
    next = undefined;
    clearTimeout(wanted);
    wanted = undefined;
    current = sync().then(() => {
      if (next === undefined) current = undefined;
    });
    return current;
  };
  const synced = (): Promise<void> => {
    if (next) return next;
    if (!current) return begin();
    // The running sync may have begun before this commit reached the log, so it does not count.
    next = current.then(begin);
    return next;
  };
  // If it fails, the caller that waits for the next one gets the error.
  const syncUnheard = () => void synced().catch(() => {});
  return {
    synced,
    soon() {
      wanted ??= setTimeout(syncUnheard, SOON);
    },
    close() {
      if (wanted) syncUnheard();
      closed = true;
      const last = next ?? current ?? Promise.resolve();
      last
        .catch(() => {})
        .then(() => file)
        .then((opened) => opened?.close())
        .catch(() => {});
    },
  };
}
