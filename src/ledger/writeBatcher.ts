/** Commits simultaneous writes in one transaction: a commit costs more than the writes in it. */
export interface WriteBatcher {
  /**
   * Resolves once `work` is committed. Rejects with the error that `work` throws; then nothing of it is written. If another write of its batch
   * fails, `work` is rolled back and called again, so it must only read and write the database.
   */
  write<T>(work: () => T): Promise<T>;
  /** Commit the waiting writes now. */
  flush(): void;
}

/** The largest number of writes in one transaction: other processes wait for it. */
const MAX_BATCH = 100;

interface Waiting {
  work: () => unknown;
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * @param translated runs something on the database, and turns its errors into users' messages
 * @param execute runs one statement
 */
export function openWriteBatcher(translated: <T>(work: () => T) => T, execute: (sql: string) => void): WriteBatcher {
  const waiting: Waiting[] = [];
  let scheduled: NodeJS.Immediate | undefined;

  function schedule(): void {
    scheduled ??= setImmediate(() => {
      scheduled = undefined;
      commit(waiting.splice(0, MAX_BATCH));
      if (waiting.length > 0) schedule();
    });
  }

  function commit(batch: readonly Waiting[]): void {
    try {
      const settle = translated(() => together(batch) ?? apart(batch));
      for (const each of settle) each();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  /**
   * Savepoints would cost as much as most writes, and a write seldom fails: so at first without them.
   * @returns functions that settle each write, to call after the commit; `undefined`: one of several failed, and nothing is written
   */
  function together(batch: readonly Waiting[]): (() => void)[] | undefined {
    return inTransaction(() => {
      const settle: (() => void)[] = [];
      for (const { work, resolve } of batch) {
        try {
          const result = work();
          settle.push(() => resolve(result));
        } catch (error) {
          if (batch.length === 1) throw error;
          return undefined;
        }
      }
      return settle;
    });
  }

  /** Each with its own savepoint: one that fails leaves nothing, and the others stay. */
  function apart(batch: readonly Waiting[]): (() => void)[] {
    return inTransaction(() =>
      batch.map(({ work, resolve, reject }) => {
        execute("SAVEPOINT one");
        try {
          const result = work();
          execute("RELEASE one");
          return () => resolve(result);
        } catch (error) {
          undo(["ROLLBACK TO one", "RELEASE one"], error);
          return () => reject(translatedError(error));
        }
      }),
    );
  }

  /** @param writes `undefined` rolls back what it has written */
  function inTransaction<T extends object | undefined>(writes: () => T): T {
    // IMMEDIATE: what is read in the transaction is still true when it is written.
    execute("BEGIN IMMEDIATE");
    try {
      const result = writes();
      if (result === undefined) rollBack();
      else execute("COMMIT");
      return result;
    } catch (error) {
      rollBack();
      throw error;
    }
  }

  function rollBack(): void {
    try {
      execute("ROLLBACK");
    } catch {
      // SQLite has already rolled back by itself, for example if the disk is full. The first error is the one to report.
    }
  }

  /** @throws {unknown} the first error, if SQLite has rolled back all writes by itself */
  function undo(statements: readonly string[], error: unknown): void {
    try {
      for (const statement of statements) execute(statement);
    } catch {
      throw error;
    }
  }

  function translatedError(error: unknown): unknown {
    try {
      return translated(() => {
        throw error;
      });
    } catch (told) {
      return told;
    }
  }

  return {
    write: <T>(work: () => T) =>
      new Promise<T>((resolve, reject) => {
        waiting.push({ work, resolve: resolve as (result: unknown) => void, reject });
        schedule();
      }),
    flush: () => {
      clearImmediate(scheduled);
      scheduled = undefined;
      if (waiting.length > 0) commit(waiting.splice(0));
    },
  };
}
