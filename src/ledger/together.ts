/** Writes that are asked for at about the same time, in one transaction: a commit costs more than what it commits. */
export interface Together {
  /** Resolves once it is committed; rejects with what `work` throws, and then nothing of it is written. */
  write<T>(work: () => T): Promise<T>;
  /** Commit what waits, now. */
  flush(): void;
}

/** So many in one transaction: other processes wait for it. */
const MOST = 100;

interface Waiting {
  work: () => unknown;
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * @param translated runs something on the database, with its errors made the user's
 * @param execute runs one statement
 */
export function openTogether(translated: <T>(work: () => T) => T, execute: (sql: string) => void): Together {
  const waiting: Waiting[] = [];
  let scheduled: NodeJS.Immediate | undefined;

  function schedule(): void {
    scheduled ??= setImmediate(() => {
      scheduled = undefined;
      commit(waiting.splice(0, MOST));
      if (waiting.length > 0) schedule();
    });
  }

  function commit(batch: readonly Waiting[]): void {
    try {
      const settle = translated(() => inOneTransaction(batch));
      for (const each of settle) each();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  /** @returns what tells each of them how it went, for when it is committed */
  function inOneTransaction(batch: readonly Waiting[]): (() => void)[] {
    // IMMEDIATE: what is read inside is still so when it is written.
    execute("BEGIN IMMEDIATE");
    try {
      const settle = batch.map(({ work, resolve, reject }) => {
        if (batch.length === 1) {
          const result = work();
          return () => resolve(result);
        }
        execute("SAVEPOINT one");
        try {
          const result = work();
          execute("RELEASE one");
          return () => resolve(result);
        } catch (error) {
          undo(["ROLLBACK TO one", "RELEASE one"], error);
          return () => reject(translatedError(error));
        }
      });
      execute("COMMIT");
      return settle;
    } catch (error) {
      try {
        execute("ROLLBACK");
      } catch {
        // SQLite has rolled back by itself already (disk full, for one); the first error is the one to tell.
      }
      throw error;
    }
  }

  /** @throws the first error, where SQLite has rolled all of them back by itself */
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
