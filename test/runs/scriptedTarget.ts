import type { LogLine, Observation, Started, Submission, Target } from "../../src/targets/target";

/** A target whose every move the test decides. It keeps the promises of `Target`, and counts the calls. */
export class ScriptedTarget implements Target {
  readonly pace = { first: 1, longest: 5 };
  readonly started: Submission[] = [];
  readonly stopped: string[] = [];
  readonly cleaned: string[] = [];
  observeCalls = 0;
  readonly #now = new Map<string, Observation>();
  readonly #lines = new Map<string, LogLine[]>();
  /** Whether `submit` reports what it started, before it returns. */
  reports = false;
  /** Called in `submit`, before anything has started. */
  beforeStart: () => Promise<void> = async () => {};

  plan(job: Submission["request"], run: { id: string; attempt: number; pool: string }): Submission {
    return { runId: run.id, attempt: run.attempt, pool: run.pool, request: { job }, warnings: [] };
  }

  async prepare(submission: Submission) {
    return { submission, resources: {} };
  }

  async submit({ submission }: { submission: Submission }, _?: AbortSignal, started?: Started) {
    await this.beforeStart();
    const id = `${submission.runId}/${submission.attempt}`;
    if (!this.#now.has(id)) {
      this.started.push(submission);
      this.#now.set(id, { phase: "pending" });
    }
    if (this.reports) await started?.(id);
    return id;
  }

  async find(runId: string, attempt: number) {
    const id = `${runId}/${attempt}`;
    return this.#now.has(id) ? id : undefined;
  }

  async observe(ids: readonly string[]) {
    this.observeCalls += 1;
    return new Map(ids.map((id) => [id, this.#now.get(id) ?? ended({ kind: "lost", reason: "nobody knows it" })]));
  }

  async logs(id: string, cursor = "0") {
    const lines = (this.#lines.get(id) ?? []).slice(Number(cursor));
    return { lines, cursor: String(Number(cursor) + lines.length), complete: this.#now.get(id)?.phase === "ended" };
  }

  async stop(id: string) {
    this.stopped.push(id);
  }

  async cleanup(id: string) {
    this.cleaned.push(id);
  }

  /** What the next looks will see. */
  set(id: string, observation: Observation): void {
    this.#now.set(id, observation);
  }

  say(id: string, text: string): void {
    this.#lines.set(id, [...(this.#lines.get(id) ?? []), { at: AT, stream: "stdout", text }]);
  }
}

const AT = "2026-01-02T03:04:05.678Z";

export function ended(outcome: (Observation & { phase: "ended" })["outcome"]): Observation {
  return { phase: "ended", outcome, startedAt: AT, endedAt: AT };
}

export const RUNNING: Observation = { phase: "running", startedAt: AT };
