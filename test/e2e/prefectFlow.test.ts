import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Json } from "../../src/json";
import { describePrefect } from "../prefect/python";
import { newDatabase } from "../prefect/server";
import { prefectVenv } from "../prefect/venv";
import { scratch } from "../scratch";
import { listen, manifestOf, placeWith } from "./pushpool";

// A real Prefect flow without a Prefect API: it starts its own server, which takes a while.

const FLOWS = `
import datetime
from prefect import flow, task, get_run_logger

@task
def add(a, b):
    return a + b

@flow
def hello(day: datetime.date, n: int = 1):
    get_run_logger().info("logged on %s", day.isoformat())
    print("printed", type(day).__name__)
    return add(n, 1)

@flow
async def fails():
    raise ValueError("no good")
`;

describePrefect("a Prefect flow without a Prefect API", () => {
  test("runs, logs, fails and is pulled as with Prefect", { timeout: 600_000 }, async () => {
    const venv = await prefectVenv();
    const database = await newDatabase(venv);
    const python = join(venv, "bin", "python");
    const code = join(scratch(), "code");
    mkdirSync(code);
    writeFileSync(join(code, "flows.py"), FLOWS);
    for (const args of [
      ["init", "-q"],
      ["add", "."],
      ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "Flows"],
    ])
      execFileSync("git", args, { cwd: code });
    const started = (entrypoint: string, parameters: Record<string, Json>, pullSteps: Json[], { usedBefore = false } = {}) => {
      const home = scratch();
      const env = { PUSHPOOL_PYTHON: python, HOME: home };
      const workPool = { name: "local", jobVariables: { env, ...(pullSteps.length > 0 ? {} : { working_dir: code }) } };
      const made = placeWith(manifestOf({}, { deployments: { "flow/prod": { entrypoint, parameters, pullSteps, workPool } } }));
      // A profile with another API: without a Prefect API in the manifest it is not used.
      mkdirSync(join(home, ".prefect"));
      if (usedBefore) copyFileSync(database, join(home, ".prefect", "prefect.db"));
      writeFileSync(
        join(home, ".prefect", "profiles.toml"),
        'active = "mine"\n[profiles.mine]\nPREFECT_API_URL = "http://127.0.0.1:1/api"\n',
      );
      return listen(made.start("run", "flow/prod"));
    };
    const clone = [{ "prefect.deployments.steps.git_clone": { repository: code } }];
    const pulled = started("flows.py:hello", { day: "2024-02-29", n: 2 }, clone);
    expect([await pulled.ended, pulled.stdout()]).toEqual([0, expect.stringMatching(/Running git_clone step[\s\S]*printed date\n/)]);
    expect(pulled.stderr()).toMatch(/Flow run '.*' - logged on 2024-02-29/);
    expect(pulled.stderr()).toMatch(/flows\.py:hello returned 3/);

    const misfit = started("flows.py:hello", { day: "someday" }, []);
    expect(await misfit.ended).toBe(1);
    expect(misfit.stderr()).toMatch(/\nflows\.py:hello: .*day: Input should be a valid date.*\n.*exited with code 78/);
    expect(misfit.stderr()).not.toMatch(/temporary server/);

    // Where Prefect has been used before, its server need not make a database: half of its processor time.
    const failed = started("flows.py:fails", {}, [], { usedBefore: true });
    expect(await failed.ended).toBe(1);
    // Prefect logs it with its own frames; the run's last lines have only the flow's.
    expect(failed.stderr()).toMatch(
      /\nTraceback \(most recent call last\):\n {2}File ".*\/flows\.py", line \d+, in fails\n[^\n]*\nValueError: no good\n/,
    );
  });
});
