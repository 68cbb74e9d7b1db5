import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { ValueObject } from "../../src/json";
import type { Outcome } from "../../src/model/outcome";
import { Secret } from "../../src/secret";
import type { InfrastructureId, LogLine, Observation, RunToPlan, Submission, Target } from "../../src/targets/target";
import { UserError } from "../../src/userError";
import { until } from "../until";

/** What the suite needs from a target. */
export interface Harness {
  /** Another target for the same place, as in another process or after a restart. */
  open(): Target;
  /** A job configuration for this target with a POSIX shell script as its command, and these variables. */
  job(script: string, env?: Record<string, string | Secret>): ValueObject;
  /** Other ways in which a run can end here besides its exit code: what to submit and what to do. */
  ends: {
    name: string;
    job: ValueObject;
    timeoutSeconds?: number;
    during?: (id: InfrastructureId) => Promise<void>;
    outcome: Partial<Outcome> & { kind: Outcome["kind"] };
  }[];
  /** "merged": the place stores both streams as one, and every line comes as stdout. @default "apart" */
  streams?: "apart" | "merged";
  /** Everything that the place stores about all runs, as a string: it must contain no secret. */
  everythingKept(): string;
}

const never = new AbortController().signal;
const SECRET = "conformance-hunter2";

/**
 * Test the promises of `Target` on one target. Every target passes this suite unchanged; what only one target has is tested beside it.
 * @param make returns a new harness for each test, which cleans up after itself
 */
export function describeTarget(name: string, make: () => Harness): void {
  const newRun = (over: Partial<RunToPlan> = {}): RunToPlan => ({
    id: randomUUID(),
    attempt: 1,
    pool: "pool",
    timeoutSeconds: null,
    ...over,
  });
  const submit = async (target: Target, submission: Submission) => {
    const started: InfrastructureId[] = [];
    const id = await target.submit(await target.prepare(submission, never), never, async (found) => void started.push(found));
    // Who knows it already need not say that it started.
    expect([[], [id]]).toContainEqual(started);
    return id;
  };
  const look = async (target: Target, id: InfrastructureId) => (await target.observe([id])).get(id) as Observation;
  const untilEnded = async (target: Target, id: InfrastructureId) =>
    until(async () => {
      const seen = await look(target, id);
      return seen.phase === "ended" && seen;
    });
  const untilRunning = async (target: Target, id: InfrastructureId) => until(async () => (await look(target, id)).phase === "running");
  const allLines = async (target: Target, id: InfrastructureId) => {
    const lines: LogLine[] = [];
    let cursor: string | undefined;
    await until(async () => {
      const page = await target.logs(id, cursor);
      lines.push(...page.lines);
      cursor = page.cursor;
      return page.complete;
    });
    return lines;
  };

  describe(`${name} keeps the promises of Target`, () => {
    test.each([0, 1, 7])("reports exit code %i", async (code) => {
      const { open, job } = make();
      const target = open();
      const id = await submit(target, target.plan(job(`exit ${code}`), newRun()));
      expect(await untilEnded(target, id)).toMatchObject({ outcome: { kind: "exited", code } });
    });

    test("the same plan twice gives the same submission, and shows no secret", () => {
      const { open, job } = make();
      const run = newRun();
      const env = { TOKEN: new Secret([{ pointer: "/t" }], SECRET) };
      const [one, two] = [open().plan(job("true", env), run), open().plan(job("true", env), run)];
      expect(one).toEqual(two);
      for (const shown of [JSON.stringify(one), inspect(one, { depth: 20, showHidden: true })]) expect(shown).not.toContain(SECRET);
    });

    test.each<[string, (job: ValueObject) => ValueObject, RegExp]>([
      ["an unsupported key", (job) => ({ ...job, nosuchkey: 1 }), /^job_configuration\.nosuchkey: an? \S+:push run does not use it/],
      ["an unfinished quote", (job) => ({ ...job, command: "echo 'a" }), /^job_configuration\.command cannot be split/],
      [
        "a secret in the command",
        (job) => ({ ...job, command: new Secret([{ pointer: "/t" }], SECRET) }),
        /^job_configuration\.command contains a secret.* env/,
      ],
      ["a variable that is not a string", (job) => ({ ...job, env: { A: { b: 1 } } }), /^job_configuration\.env\.A: must be a string/],
    ])("plan refuses %s", (_, change, message) => {
      const { open, job } = make();
      const plan = () => open().plan(change(job("true")), newRun());
      expect(plan).toThrow(UserError);
      expect(plan).toThrow(message);
    });

    test("submitted twice, also at once and by another process, it runs once and has one id", async () => {
      const { open, job } = make();
      const submission = open().plan(job("echo ran; sleep 0.3"), newRun());
      const ids = await Promise.all([1, 2, 3, 4].map(() => submit(open(), submission)));
      const again = await submit(open(), submission);
      expect(new Set([...ids, again]).size).toBe(1);
      await untilEnded(open(), again);
      expect(await submit(open(), submission)).toBe(again);
      expect((await allLines(open(), again)).map(({ text }) => text)).toEqual(["ran"]);
    });

    test("another attempt of a run has its own infrastructure", async () => {
      const { open, job } = make();
      const target = open();
      const { id: runId } = newRun();
      const ids = await Promise.all(
        [1, 2].map((attempt) => submit(target, target.plan(job(`exit ${attempt}`), newRun({ id: runId, attempt })))),
      );
      expect(new Set(ids).size).toBe(2);
      const ends = await Promise.all(ids.map((id) => untilEnded(target, id)));
      expect(ends.map((end) => end.outcome)).toEqual([
        { kind: "exited", code: 1 },
        { kind: "exited", code: 2 },
      ]);
    });

    test("what was started is found by run and attempt; what was never started is not", async () => {
      const { open, job } = make();
      const run = newRun();
      const id = await submit(open(), open().plan(job("sleep 0.1"), run));
      expect(await open().find(run.id, 1)).toBe(id);
      expect(await open().find(run.id, 2)).toBeUndefined();
      expect(await open().find(randomUUID(), 1)).toBeUndefined();
      await untilEnded(open(), id);
      expect(await open().find(run.id, 1)).toBe(id);
    });

    test("several are observed together, and each id has its own answer", async () => {
      const { open, job } = make();
      const target = open();
      const scripts = ["exit 0", "sleep 600", "exit 3", "sleep 600"];
      const ids = await Promise.all(scripts.map((script) => submit(target, target.plan(job(script), newRun()))));
      await untilEnded(target, ids[0] as string);
      await untilEnded(target, ids[2] as string);
      await untilRunning(target, ids[1] as string);
      await untilRunning(target, ids[3] as string);
      const seen = await open().observe(ids);
      expect(ids.map((id) => seen.get(id)?.phase)).toEqual(["ended", "running", "ended", "running"]);
      expect(await open().observe([])).toEqual(new Map());
      for (const id of [ids[1], ids[3]]) await target.stop(id as string, { reason: "test", graceSeconds: 1 });
      for (const id of [ids[1], ids[3]]) await untilEnded(target, id as string);
    });

    test("times are in order", async () => {
      const { open, job } = make();
      const before = Date.now() - 2000;
      const id = await submit(open(), open().plan(job("sleep 0.2"), newRun()));
      const { startedAt = "", endedAt } = await untilEnded(open(), id);
      const times = [before, Date.parse(startedAt), Date.parse(endedAt), Date.now() + 2000];
      expect(times).toEqual([...times].sort((a, b) => a - b));
    });

    test("both streams arrive complete and in order, and another process can continue at any cursor", async () => {
      const { open, job, streams = "apart" } = make();
      const id = await submit(
        open(),
        open().plan(job(`i=0; while [ $i -lt 50 ]; do echo "out $i"; echo "err $i" >&2; i=$((i+1)); done; printf 'no newline'`), newRun()),
      );
      await untilEnded(open(), id);
      const whole = await allLines(open(), id);
      const streamOf = ({ stream, text }: LogLine) => (streams === "merged" && text.startsWith("err") ? "stderr" : stream);
      const texts = (stream: string) => whole.filter((line) => streamOf(line) === stream).map(({ text }) => text);
      expect(texts("stdout")).toEqual([...Array.from({ length: 50 }, (_, n) => `out ${n}`), "no newline"]);
      expect(texts("stderr")).toEqual(Array.from({ length: 50 }, (_, n) => `err ${n}`));
      expect(await allLines(open(), id)).toEqual(whole);
      const { cursor } = await open().logs(id);
      expect((await open().logs(id, cursor)).lines.length).toBeLessThan(whole.length);
    });

    test("lines come while it runs, none twice; `complete` only when no more can follow", async () => {
      const { open, job } = make();
      const target = open();
      const id = await submit(target, target.plan(job("echo one; sleep 1; echo two; sleep 0.5"), newRun()));
      const first = await until(async () => {
        const page = await target.logs(id);
        return page.lines.length > 0 && page;
      });
      expect([first.lines.map(({ text }) => text), first.complete]).toEqual([["one"], false]);
      await untilEnded(target, id);
      const rest: string[] = [];
      let { cursor } = first;
      await until(async () => {
        const page = await open().logs(id, cursor);
        rest.push(...page.lines.map(({ text }) => text));
        cursor = page.cursor;
        return page.complete;
      });
      expect(rest).toEqual(["two"]);
    });

    test("stop is a request: it ends as cancelled by us, and may be repeated, also after the end", async () => {
      const { open, job } = make();
      const target = open();
      // Not a shell: it sometimes loses a signal that arrives while it starts a command.
      const heeds = 'process.on("SIGTERM", () => { console.log("bye"); process.exit(0); }); console.log("up"); setInterval(() => {}, 1e6);';
      const id = await submit(target, target.plan(job(`exec '${process.execPath}' -e '${heeds}'`), newRun()));
      await until(async () => (await target.logs(id)).lines.length > 0);
      await target.stop(id, { reason: "test", graceSeconds: 20 });
      await open().stop(id, { reason: "test", graceSeconds: 20 });
      expect(await untilEnded(target, id)).toMatchObject({ outcome: { kind: "cancelled", by: "us" } });
      const said = (await allLines(target, id)).filter(({ stream }) => stream === "stdout");
      expect(said.map(({ text }) => text)).toEqual(["up", "bye"]);
      await target.stop(id, { reason: "test", graceSeconds: 1 });
      expect(await look(target, id)).toMatchObject({ outcome: { kind: "cancelled", by: "us" } });
    });

    test("a stop directly after submitting always ends as cancelled by us", async () => {
      const { open, job } = make();
      const target = open();
      for (let n = 0; n < 15; n++) {
        const id = await submit(target, target.plan(job("sleep 600"), newRun()));
        // Longer than this test waits: whatever ends has handled SIGTERM, and was not killed.
        await target.stop(id, { reason: "test", graceSeconds: 300 });
        expect(await untilEnded(target, id)).toMatchObject({ outcome: { kind: "cancelled", by: "us" } });
      }
    });

    test("what ignores SIGTERM is killed after the grace period, with all its children", async () => {
      const { open, job } = make();
      const target = open();
      const id = await submit(
        target,
        target.plan(job("trap '' TERM; echo up; (trap '' TERM; sleep 600) & while :; do sleep 0.05; done"), newRun()),
      );
      await until(async () => (await target.logs(id)).lines.length > 0);
      await target.stop(id, { reason: "test", graceSeconds: 1 });
      expect(await untilEnded(target, id)).toMatchObject({ outcome: { kind: "cancelled", by: "us" } });
    });

    test("a stop after the end changes nothing", async () => {
      const { open, job } = make();
      const id = await submit(open(), open().plan(job("exit 4"), newRun()));
      const end = await untilEnded(open(), id);
      await open().stop(id, { reason: "test", graceSeconds: 1 });
      expect(await look(open(), id)).toEqual(end);
    });

    test("cleanup, also repeated, changes neither the outcome nor the log", async () => {
      const { open, job } = make();
      const target = open();
      const id = await submit(target, target.plan(job("echo hi; exit 5"), newRun()));
      const end = await untilEnded(target, id);
      const lines = await allLines(target, id);
      await target.cleanup(id);
      await open().cleanup(id);
      expect([await look(open(), id), await allLines(open(), id)]).toEqual([end, lines]);
    });

    test("an observed end stays the same", async () => {
      const { open, job } = make();
      const id = await submit(open(), open().plan(job("kill -KILL $$"), newRun()));
      const end = await untilEnded(open(), id);
      expect(end.outcome.kind).not.toBe("exited");
      expect(await look(open(), id)).toEqual(end);
    });

    test("a secret reaches the command and nothing else", async () => {
      const { open, job, everythingKept } = make();
      const env = { TOKEN: new Secret(["Bearer ", { pointer: "/t" }], `Bearer ${SECRET}`) };
      // By its length: the script is not secret, and may be stored.
      const script = `[ "\${#TOKEN}" -eq ${`Bearer ${SECRET}`.length} ] && case $TOKEN in Bearer*) exit 0 ;; esac; exit 1`;
      const id = await submit(open(), open().plan(job(script, env), newRun()));
      expect(await untilEnded(open(), id)).toMatchObject({ outcome: { kind: "exited", code: 0 } });
      expect(everythingKept()).not.toContain(SECRET);
    });

    for (const { name: ending } of make().ends) {
      test(`every end is recognized: ${ending}`, async () => {
        const { open, ends } = make();
        const end = ends.find((each) => each.name === ending) as Harness["ends"][number];
        const target = open();
        const id = await submit(target, target.plan(end.job, newRun({ timeoutSeconds: end.timeoutSeconds ?? null })));
        await end.during?.(id);
        const seen = await until(async () => {
          const now = await look(target, id);
          await target.enforceLimits?.([id]);
          return now.phase === "ended" && now;
        });
        expect(seen.outcome).toMatchObject(end.outcome);
      });
    }
  });
}
