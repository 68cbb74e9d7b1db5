/** The place of a run in the queue of its deployment. */
export interface Turn {
  /** Resolves when every run before it has had its turn. */
  mine: Promise<void>;
  /** Lets the next run go. A second call has no effect. */
  done: () => void;
}

/**
 * Queues of runs, one for each deployment, in the order of arrival. Under a limit, the server accepts whoever asks first. Without a queue,
 * of two runs that are due at nearly the same time, the one whose deployment was read faster would win.
 */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Join a queue. Every caller must call `done`, whatever happens to the run. */
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

/** Sort the runs of each deployment by their due time, then by their creation. The places of the deployments do not change. */
export function inOrder<Run extends { deployment_id: string | null; created: string }>(
  runs: readonly Run[],
  dueOf: (run: Run) => number,
): Run[] {
  const byDeployment = Map.groupBy(runs, (run) => run.deployment_id);
  for (const list of byDeployment.values()) list.sort((a, b) => dueOf(a) - dueOf(b) || Date.parse(a.created) - Date.parse(b.created));
  return runs.map((run) => byDeployment.get(run.deployment_id)?.shift() as Run);
}
