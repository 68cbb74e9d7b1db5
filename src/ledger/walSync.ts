import { type FileHandle, open } from "node:fs/promises";

/** Brings what was committed to the disk, for all writers of this process together and beside whatever else it does. */
export interface WalSync {
  /**
   * Resolves once all that was committed before the call would survive a power cut. Whoever asks while one sync is under way shares the next.
   * @throws what the file system says; once that has happened always, for what a failed sync has lost no later one brings back
   */
  synced(): Promise<void>;
  /** See to it that what was committed is on the disk {@link SOON}: with the next sync that someone waits for, or by one of its own. */
  soon(): void;
  /** What was asked for before is still done. */
  close(): void;
}

/** In milliseconds. */
const SOON = 50;

/**
 * The half of `synchronous = FULL` that `NORMAL` leaves out: with NORMAL a commit is in the log when it returns, and other processes see it; it is
 * not on the disk yet. SQLite itself sees to the rest (https://www.sqlite.org/pragma.html#pragma_synchronous): it syncs the log before a
 * checkpoint copies from it, and the database before the log is begun anew, so that a commit is always in the one or the other.
 *
 * The log is one file, written in order: no later write can be on the disk without those before it, whichever process made them.
 * @param path of the database. Its log is there as long as a connection is open, and SQLite keeps no lock on it that closing a descriptor would drop
 */
export function openWalSync(path: string): WalSync {
  let file: Promise<FileHandle | undefined> | undefined;
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let closed = false;
  let wanted: NodeJS.Timeout | undefined;

  const sync = async () => {
    file ??= open(`${path}-wal`, "r+").catch((error: NodeJS.ErrnoException) => {
      // The last connection took the log with it: all of it is in the database then, and synced there.
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
    // Whether the one under way began before or after this commit reached the log is not known: it does not count.
    next = current.then(begin);
    return next;
  };
  // Where it fails, whoever waits for the next one hears of it.
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
