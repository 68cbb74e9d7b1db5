import { expect } from "vitest";
import type { JsonObject } from "../../src/json";
import { exitCodeOf, type RunEvent } from "../../src/runs";
import { UserError } from "../../src/userError";
import { openWorkspace } from "../../src/workspace";
import { openRuns } from "../../src/workspaceRuns";
import { until } from "../until";
import type { Place } from "./pushpool";

/** One way in which a run can end, and what it is reported as. */
export interface EndRow {
  name: string;
  /** @default "true" */
  command?: string;
  jobVariables?: JsonObject;
  /** Called before it is submitted. */
  before?: () => void;
  /** Called while it runs. @param id the cloud's name for it */
  during?: (id: string) => void;
  /** Called once it has ended. */
  after?: () => void;
  state: string;
  /** Exit code of `pushpool run`. */
  code: number;
  says: RegExp;
}

/**
 * Run `deployment` and compare its end with a row. It runs in this process, as `pushpool run` does it in its own: how the command line shows an
 * end is the same for all of them.
 * @param running waits until the run's infrastructure runs, and returns the cloud's name for it
 */
export async function expectEnd(
  { folder, env }: Place,
  deployment: string,
  { before, during, after, state, code, says }: EndRow,
  running: () => Promise<string>,
): Promise<void> {
  before?.();
  const told: string[] = [];
  const hear = (event: RunEvent) => {
    if (event.kind === "state") told.push(`${event.run.state.type} ${event.run.state.name}: ${event.run.state.message ?? ""}`);
    if (event.kind === "warning") told.push(event.message);
  };
  const runs = await openRuns({ workspace: openWorkspace({ cwd: folder, env, create: true }), warn: (message) => told.push(message) });
  try {
    const { run } = await runs.createRun({ deployment });
    const ending = runs.followRun(run.id, { onEvent: hear }).then(exitCodeOf, (error) => {
      if (!(error instanceof UserError)) throw error;
      told.push(error.message);
      return error.exitCode;
    });
    if (during) {
      const id = await running();
      // What happens before the watcher has seen it run is another end.
      await until(() => told.some((line) => line.startsWith("RUNNING")));
      during(id);
    }
    const status = await ending;
    after?.();
    expect([status, told.join("\n")]).toEqual([code, expect.stringMatching(says)]);
    expect(told.join("\n")).toContain(state);
  } finally {
    await runs.close();
  }
}
