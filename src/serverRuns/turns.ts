/** One run's place in the line of its deployment. */
export interface Turn {
  /** Resolves when every run before it has had its turn. */
  mine: Promise<void>;
  /** The next one may go; called again it does nothing. */
  done: () => void;
}

/**
 * Lines of runs, one for each deployment, in the order in which they are joined. Under a limit the server lets in whoever asks first, and
 * of two runs that are due at nearly the same time that would be the one whose deployment was read faster.
 */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Join a line. Who joins calls `done`, whatever becomes of the run. */
  join(line: string): Turn {
    const before = this.#last.get(line) ?? Promise.resolve();
    let done = () => {};
    const over = before.then(
      () =>
        new Promise<void>((resolve) => {
          done = resolve;
          if (isDone) resolve();
        }),
    );
    let isDone = false;
    this.#last.set(line, over);
    return {
      mine: before,
      done: () => {
        isDone = true;
        done();
        void over.then(() => {
          if (this.#last.get(line) === over) this.#last.delete(line);
        });
      },
    };
  }
}

/** The same runs, those of one deployment by the time when they are due, then by when they were made; the deployments' places stay. */
export function inOrder<Run extends { deployment_id: string | null; created: string }>(
  runs: readonly Run[],
  dueOf: (run: Run) => number,
): Run[] {
  const byDeployment = Map.groupBy(runs, (run) => run.deployment_id);
  for (const list of byDeployment.values()) list.sort((a, b) => dueOf(a) - dueOf(b) || Date.parse(a.created) - Date.parse(b.created));
  return runs.map((run) => byDeployment.get(run.deployment_id)?.shift() as Run);
}
