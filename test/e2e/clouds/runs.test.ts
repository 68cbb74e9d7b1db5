import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import { until } from "../../until";
import { expectEnd } from "../ends";
import { listen } from "../pushpool";
import { AWS, AWS_RUNS } from "./aws";
import { AZURE, AZURE_RUNS } from "./azure";
import { CANARY, type Cloud, manifestPlace, type Over, type Runs } from "./cloud";
import { GCP, GCP_RUNS } from "./gcp";

// The built command line with a handwritten manifest and a fake cloud: the behaviour of runs that is the same on every cloud.

function describeRuns<Fake extends { stop(): Promise<void> }, Options, Key>(
  cloud: Pick<Cloud<Fake, Options>, "name" | "startFake" | "ownLogin" | "env" | "callsOf">,
  row: Runs<Fake, Options, Key>,
): void {
  describe(cloud.name, () => {
    let fake: Fake;
    let key: Key;
    beforeAll(async () => {
      fake = await cloud.startFake(row.options);
      key = row.key(fake, "submitter");
    });
    afterAll(() => fake.stop());

    const here = (commands: Record<string, string>, over: Over = {}) => manifestPlace(cloud, row.manifest(fake, key, commands, over));
    const calls = () => cloud.callsOf(fake);
    const started = () => row.started(fake).length;

    test.each(row.templates)(
      "a run with the template %s: phases, log lines, COMPLETED; the second one submits with the fewest calls",
      async (_, pool) => {
        const place = here({ "hello/prod": `sh -c 'echo "$PUSHPOOL_PARAMETERS"; echo oops >&2'` }, { pool });
        const lines = (parameters: string) => (row.merged ? `${parameters}\noops\n` : `${parameters}\n`);
        const first = await place.run("run", "hello/prod", "-p", "name=Ada");
        expect(first).toMatchObject({ status: 0, stdout: lines('{"name":"Ada"}') });
        for (const said of ["SCHEDULED", "PENDING InfrastructurePending", "COMPLETED", ...(row.merged ? [] : ["oops"])])
          expect(first.stderr).toContain(said);

        const before = calls().length;
        const second = await place.run("run", "hello/prod", "--detach");
        expect([second.status, calls().slice(before)]).toEqual([0, row.submit]);
        expect((await place.run("wait", second.stdout.trim())).status).toBe(0);
        expect((await place.run("logs", second.stdout.trim())).stdout).toBe(lines("{}"));
      },
    );

    test("a failing command is FAILED with its code, and can be retried", async () => {
      const place = here({ "hello/bad": "sh -c 'exit 3'" });
      const { status, stderr } = await place.run("run", "hello/bad", "--flow-run-name", "mine");
      expect([status, stderr]).toEqual([1, expect.stringContaining("exited with code 3")]);
      expect((await place.run("retry", "mine")).status).toBe(1);
      const { transitions } = JSON.parse((await place.run("show", "mine", "--json")).stdout) as { transitions: { attempt: number }[] };
      expect(transitions.at(-1)?.attempt).toBe(2);
    });

    test("cancel waits until the cloud reports that it has stopped; ls shows the same", async () => {
      const place = here({ "hello/long": "sleep 600" });
      const id = (await place.run("run", "hello/long", "--detach")).stdout.trim();
      const cancelled = await place.run("cancel", id, ...row.cancel.args);
      expect([cancelled.status, cancelled.stderr]).toEqual([0, expect.stringMatching(row.cancel.says)]);
      row.cancel.stopped(fake);
      const { runs } = JSON.parse((await place.run("ls", "--json")).stdout) as { runs: { state: { type: string; message: string } }[] };
      expect(runs[0]?.state).toMatchObject({ type: "CANCELLED", message: `stopped on request (pushpool cancel ${id})` });
      expect((await place.run("wait", id)).status).toBe(3);
    });

    test("a secret of the manifest in env is in no plan, log, ledger, argument, or place where the cloud shows it", async () => {
      const env = { TOKEN: "{{ prefect.blocks.secret.token }}" };
      const commands = { "hello/env": `sh -c 'test \${#TOKEN} -eq ${CANARY.length}; echo done'` };
      const manifest = row.manifest(fake, key, commands, { jobVariables: { env } });
      (manifest.blocks as JsonObject)["secret/token"] = { data: { value: CANARY } };
      const place = manifestPlace(cloud, manifest);
      const before = calls().length;
      const dry = await place.run("run", "hello/env", "--dry-run");
      const done = await place.run("run", "hello/env", "--flow-run-name", "canary");
      expect(done).toMatchObject({ status: 0, stdout: "done\n" });
      const [says, times] = row.secret.says;
      expect(done.stderr.match(new RegExp(says, "g")) ?? []).toHaveLength(times);
      const shown = await place.run("show", "canary", "--json");
      const everything = [dry, done, shown].map(({ stdout, stderr }) => stdout + stderr);
      everything.push(...row.secret.kept(fake).map((each) => JSON.stringify(each)));
      for (const file of readdirSync(place.home, { recursive: true, withFileTypes: true }))
        if (file.isFile()) everything.push(readFileSync(join(file.parentPath, file.name), "latin1"));
      const ofKey = row.secret.ofKey(key);
      expect(ofKey).not.toBe("");
      for (const text of everything) {
        expect(text).not.toContain(CANARY);
        expect(text).not.toContain(ofKey);
      }
      // The only call that contains it.
      expect(row.secret.carriers(fake, before)).toEqual([row.secret.carrier]);
    });

    test("a reply that is lost after the cloud accepted: one run, COMPLETED", async () => {
      const place = here({ "hello/lost": "true" });
      await place.run("run", "hello/lost");
      for (const fault of [{ kind: "reset", after: true }, { kind: "unavailableAfter" }] as const) {
        const before = started();
        row.lose(fake, fault);
        expect((await place.run("run", "hello/lost")).status).toBe(0);
        expect(started()).toBe(before + 1);
      }
    });

    test("kill -9 before the cloud's reply arrives: the next watcher takes the run up, and it ran once", async () => {
      const place = here({ "hello/killed": "true" });
      await place.run("run", "hello/killed");
      const before = started();
      row.lose(fake, { kind: "hang", after: true });
      const child = place.start("run", "hello/killed", "--flow-run-name", "killed");
      const heard = listen(child);
      await until(() => started() > before);
      child.kill("SIGKILL");
      await heard.ended;
      expect((await place.run("wait", "killed")).status).toBe(0);
      expect(started()).toBe(before + 1);
    });

    test("--credentials ambient: the caller's own login instead of the pool's, which may be unreadable, for everything that is done with the run", async () => {
      const own = row.key(fake, "ada");
      const commands = { "hello/prod": "echo hello", "hello/bad": "sh -c 'exit 3'", "hello/long": "sleep 600" };
      const place = here(commands, { block: row.sealed });
      row.login(place, own);
      expect(await place.run("run", "hello/prod")).toMatchObject({ status: 2, stderr: expect.stringContaining("--credentials ambient") });

      const before = calls().length;
      const ambient = ["--credentials", "ambient"];
      const dry = await place.run("run", "hello/prod", ...ambient, "--dry-run");
      expect([dry.status, JSON.parse(dry.stdout)]).toEqual([0, expect.objectContaining({ credentials: "ambient" })]);
      expect(calls()).toHaveLength(before);
      const { status, stdout } = await place.run("run", "hello/prod", ...ambient, "--detach");
      expect(status).toBe(0);
      const id = stdout.trim();
      // Another process, without the flag: the run's record has it.
      expect((await place.run("wait", id)).status).toBe(0);
      expect((await place.run("logs", id)).stdout).toBe("hello\n");
      expect(await place.run("retry", id)).toMatchObject({ status: 2, stderr: expect.stringContaining("COMPLETED") });
      expect((await place.run("run", "hello/bad", ...ambient, "--flow-run-name", "bad")).status).toBe(1);
      expect((await place.run("retry", "bad")).status).toBe(1);
      const long = (await place.run("run", "hello/long", ...ambient, "--detach")).stdout.trim();
      expect((await place.run("cancel", long)).status).toBe(0);
      expect(new Set(row.callers(fake, before))).toEqual(new Set([row.caller(own)]));
    });

    test.each(row.ends(() => fake))("reports $name as what it is", async ({ pool = {}, ...end }) => {
      const place = here({ "hello/end": end.command ?? "true" }, { pool, jobVariables: end.jobVariables ?? {} });
      const known = new Set(row.started(fake));
      await expectEnd(place, "hello/end", end, () => {
        const mine = () => row.started(fake).find((name) => !known.has(name) && row.isRunning(fake, name));
        return until(mine);
      });
    });
  });
}

describeRuns(AWS, AWS_RUNS);
describeRuns(GCP, GCP_RUNS);
describeRuns(AZURE, AZURE_RUNS);
