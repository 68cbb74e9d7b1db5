import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { type DeploymentRecord, openSqliteLedger } from "../../src/ledger";
import { manifestOf, type Place, placeWith } from "./pushpool";

// `pushpool deploy` with the built CLI: a prefect.yaml, flows beside it, and a manifest with the pool `local`.

const FLOWS = `
import os
def hello(name: str = "world", n: int = 1):
    """Say hello."""
    print(f"{os.environ.get('GREETING', 'Hello')}, {name}!")
    return n
def other_one(x):
    pass
`;

function folder(yaml: string, over: { pool?: JsonObject; manifest?: JsonObject } = {}): Place {
  const manifest = { ...manifestOf({ "hello/declared": "true" }, over.pool ? { pool: over.pool } : {}), ...over.manifest };
  const place = placeWith(manifest);
  mkdirSync(join(place.folder, "flows"));
  writeFileSync(join(place.folder, "flows", "hello.py"), FLOWS);
  write(place, yaml);
  return place;
}

function write(place: Place, yaml: string): void {
  writeFileSync(join(place.folder, "prefect.yaml"), yaml);
}

const deployment = (name: string, more = "") =>
  `- name: ${name}\n  entrypoint: flows/hello.py:hello\n  work_pool: { name: local }\n${more}`;
const TWO = `deployments:\n${deployment("one")}${deployment("two", "  parameters: { name: Ada }\n")}`;

function report(
  place: Place,
  ...args: string[]
): { deployments: { name: string; change: string; changes: JsonObject[] }[]; problems: JsonObject[]; notes: string[] } {
  return JSON.parse(place.pushpool("deploy", "--json", ...args).stdout);
}

describe("what is deployed", () => {
  test("by name, by flow and name, by glob, all, and the only one of a file without a name", () => {
    const place = folder(TWO);
    const names = (...args: string[]) => report(place, "--dry-run", ...args).deployments.map(({ name }) => name);
    expect(names("one")).toEqual(["hello/one"]);
    expect(names("hello/two")).toEqual(["hello/two"]);
    expect(names("t*", "one")).toEqual(["hello/one", "hello/two"]);
    expect(names("*/one")).toEqual(["hello/one"]);
    expect(names("--all")).toEqual(["hello/one", "hello/two"]);
    expect(place.pushpool("deploy")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/has 2 deployments: give their names \(one, two\), or use --all/),
    });
    expect(place.pushpool("deploy", "ones")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/no deployment "ones": did you mean "one"/),
    });
    write(place, `deployments:\n${deployment("one")}`);
    expect(names()).toEqual(["hello/one"]);
  });

  test("twice: the second time changes nothing; a change is shown leaf by leaf; --remove removes", () => {
    const place = folder(TWO);
    expect(place.pushpool("deploy", "--all")).toMatchObject({
      status: 0,
      stdout: "  + hello/one (work pool local)\n  + hello/two (work pool local)\n",
    });
    expect(place.pushpool("deploy", "--all")).toMatchObject({
      status: 0,
      stdout: "",
      stderr: expect.stringMatching(/stack data\/dev: 2 unchanged/),
    });
    write(place, TWO.replace("Ada", "Grace"));
    const changed = place.pushpool("deploy", "--all");
    expect(changed.stdout).toBe('  ~ hello/two (work pool local)\n      parameters.name: "Ada" → "Grace"\n');
    expect(changed.stderr).toMatch(/1 updated, 1 unchanged/);
    expect(place.pushpool("run", "hello/two")).toMatchObject({ status: 0, stdout: "Hello, Grace!\n" });
    expect(place.pushpool("deploy", "--remove", "hello/two", "--dry-run").stderr).toMatch(/1 to remove/);
    expect(place.pushpool("deploy", "--remove", "hello/two")).toMatchObject({ status: 0, stdout: "  - hello/two (work pool local)\n" });
    expect(place.pushpool("run", "hello/two")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/no deployment "hello\/two".*did you mean "hello\/one"/),
    });
  });

  test("a dry run shows what would be recorded, and records nothing", () => {
    const place = folder(TWO);
    const { status, stdout } = place.pushpool("deploy", "two", "--dry-run");
    expect([status, stdout]).toEqual([0, expect.stringContaining('"name": "hello/two"')]);
    expect(stdout).toContain('"entrypoint": "flows/hello.py:hello"');
    expect(place.pushpool("deployments").stdout).not.toContain("hello/two");
  });

  test("belongs to one stack: another stack does not have it", () => {
    const place = folder(TWO);
    place.pushpool("deploy", "--all");
    const other = { ...manifestOf({}), source: { project: "data", stack: "prod" } };
    writeFileSync(join(place.folder, "other.json"), JSON.stringify(other), { mode: 0o600 });
    expect(place.pushpool("run", "hello/one", "--manifest", "other.json")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/no deployment "hello\/one"/),
    });
  });

  test("job variables, tags and the concurrency limit take effect; a queue that the pool does not declare has no limits", () => {
    const place = folder(
      `deployments:\n${deployment("one", "  tags: [a]\n  concurrency_limit: { limit: 1, collision_strategy: CANCEL_NEW }\n").replace("{ name: local }", "{ name: local, work_queue_name: fast, job_variables: { env: { GREETING: Hi }, image: x } }")}`,
    );
    const { stderr } = place.pushpool("deploy");
    expect(stderr).toMatch(/work pool "local" has no variable image: it has no effect there/);
    expect(stderr).toMatch(/declares no queue "fast": the queue has no limits/);
    expect(place.pushpool("run", "hello/one", "--flow-run-name", "first")).toMatchObject({ status: 0, stdout: "Hi, world!\n" });
    expect(JSON.parse(place.pushpool("show", "first", "--json").stdout)).toMatchObject({ run: { tags: ["a"], workQueue: "fast" } });
    // This run holds the slot; the next one is cancelled and never sent.
    const id = place.pushpool("run", "hello/one", "--job-variable", "command=sleep 600", "--detach").stdout.trim();
    expect(place.pushpool("run", "hello/one")).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/deployment "hello\/one" runs 1 at a time.*CANCEL_NEW/),
    });
    expect(place.pushpool("cancel", id).status).toBe(0);
    expect(place.pushpool("run", "hello/one").status).toBe(0);
  });

  test("what has no effect is stored, with one note", () => {
    const more = "  schedules: [{ cron: '0 6 * * *' }]\n  triggers: [{ expect: [a.b] }]\n  build: [{ x.y: {} }]\n";
    const place = folder(`deployments:\n${deployment("one", more)}`);
    expect(place.pushpool("deploy", "--skip-build").stderr).toMatch(
      /^stored, but without effect: build and push steps of hello\/one; schedules of hello\/one \(while no `pushpool serve` runs\); triggers of hello\/one \(without a Prefect server\)$/m,
    );
    const { deployments } = JSON.parse(place.pushpool("deployments", "--json").stdout);
    expect(deployments.find(({ name }: { name: string }) => name === "hello/one")).toMatchObject({
      schedules: [{ schedule: { cron: "0 6 * * *" }, active: true }],
      triggers: [{ expect: ["a.b"] }],
      build: [{ "x.y": {} }],
    });
  });

  test("the output of a build step that does not run is refused until it is given", () => {
    const place = folder(
      `build: [{ docker: { id: image } }]\ndeployments:\n${deployment("one").replace("{ name: local }", '{ name: local, job_variables: { env: { TAG: "{{ image.tag }}" } } }')}`,
    );
    expect(place.pushpool("deploy", "--skip-build")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /prefect\.yaml:3: one: work_pool\.job_variables: \{\{ image\.tag \}\} comes from a build or push step.*--step-output image\.tag=VALUE/,
      ),
    });
    expect(place.pushpool("deploy", "--step-output", "image.tag=1.2").status).toBe(0);
    expect(JSON.parse(place.pushpool("run", "hello/one", "--dry-run").stdout).jobConfiguration.env.TAG).toBe("1.2");
  });

  test("a secret stays a reference in the ledger and on the screen, and the run gets it", () => {
    const blocks = { "secret/token": { data: { value: "hush-hush" } } };
    const place = folder(
      `deployments:\n${deployment("one").replace("{ name: local }", '{ name: local, job_variables: { env: { GREETING: "{{ prefect.blocks.secret.token }}" } } }')}`,
      { manifest: { blocks } },
    );
    const { stdout } = place.pushpool("deploy", "--json");
    expect(stdout).not.toContain("hush-hush");
    expect(JSON.parse(place.pushpool("deployments", "--json").stdout).deployments.at(-1).workPool.jobVariables.env).toEqual({
      GREETING: "{{ prefect.blocks.secret.token }}",
    });
    expect(place.pushpool("run", "hello/one")).toMatchObject({ status: 0, stdout: "hush-hush, world!\n" });
  });
});

describe("what is refused", () => {
  const BAD = `deployments:
${deployment("good")}${deployment("pool").replace("name: local", "name: locale")}- name: gone
  entrypoint: flows/none.py:hello
  work_pool: { name: local }
- name: helo
  entrypoint: flows/hello.py:helo
  work_pool: { name: local }
${deployment("typo", "  schedules: [{ cron: '0 6 * * *', timezon: UTC }]\n")}${deployment("two-wrongs", "  parameters: { n: many }\n  concurrency_limit: { limit: 0 }\n")}${deployment("many", "  parameters: { n: many, name: 5 }\n")}${deployment("declared")}- name: nothing
  work_pool: { name: local }
`;

  test("every problem of every bad deployment at once, and the good one is deployed", () => {
    const place = folder(BAD);
    const { status, stdout, stderr } = place.pushpool("deploy", "--all");
    expect([status, stdout]).toEqual([2, "  + hello/good (work pool local)\n"]);
    expect(stderr.split("\n").filter((line) => line.startsWith("  "))).toEqual([
      expect.stringMatching(
        /prefect\.yaml:5: pool: work_pool\.name: there is no work pool "locale" in .*: did you mean "local"\?\. To make it, declare it in the Pulumi program and run `pushpool up`$/,
      ),
      expect.stringMatching(/prefect\.yaml:8: gone: entrypoint: there is no file .*flows\/none\.py$/),
      expect.stringMatching(/prefect\.yaml:11: helo: entrypoint: there is no function helo in flows\/hello\.py: did you mean "hello"\?$/),
      expect.stringMatching(/prefect\.yaml:17: typo: schedules\[0\]\.timezon is not a field of a schedule/),
      expect.stringMatching(/prefect\.yaml:18: two-wrongs: concurrency_limit\.collision_strategy: must be ENQUEUE or CANCEL_NEW$/),
      expect.stringMatching(/prefect\.yaml:23: many: parameters\.name must be string; parameters\.n must be integer$/),
      expect.stringMatching(
        /prefect\.yaml:27: declared: "hello\/declared" is already declared by the Pulumi program of stack data\/dev \(pushpool:index:Deployment "hello\/declared"\)/,
      ),
      expect.stringMatching(/prefect\.yaml:30: nothing: entrypoint is missing: name the flow, such as "flows\/etl\.py:etl"/),
    ]);
    expect(stderr).toMatch(/8 invalid deployments in prefect\.yaml; they were left out:/);
  });

  test("with --all-or-nothing, one bad deployment stops all", () => {
    const place = folder(BAD);
    expect(place.pushpool("deploy", "--all", "--all-or-nothing")).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringMatching(/nothing was deployed/),
    });
    expect(place.pushpool("deployments").stdout).not.toContain("hello/good");
  });

  test("a bad deployment that is not selected does not matter", () => {
    expect(folder(BAD).pushpool("deploy", "good")).toMatchObject({ status: 0, stdout: "  + hello/good (work pool local)\n" });
  });

  test.each([
    ["no YAML", "deployments:\n- name: [a\n  x: y\n", [], /prefect\.yaml:3:3: .*\n {2}3 \| {3}x: y\n {8}\^/],
    ["an unquoted placeholder", "deployments:\n- name: {{ x }}\n", [], /prefect\.yaml:2:10: .*put quotes around it/],
    ["an empty file", "", [], /prefect\.yaml is empty/],
    ["no mapping", "- a\n", [], /must be a mapping with a list of deployments/],
    ["deployments that are not a list", "deployments: {}\n", [], /prefect\.yaml:1: deployments must be a list of deployments/],
    ["a name and --all", TWO, ["one", "--all"], /--all and one cannot be combined: give one of the two/],
    ["--remove with a name", TWO, ["one", "--remove", "a/b"], /--remove cannot be combined/],
    [
      "--remove of an unknown deployment",
      TWO,
      ["--remove", "hello/one"],
      /--remove hello\/one: it was not deployed to .*: it has no deployments/,
    ],
    [
      "--remove of a deployment of the program",
      TWO,
      ["--remove", "hello/declared"],
      /the Pulumi program of stack data\/dev declares it \(pushpool:index:Deployment "hello\/declared"\)/,
    ],
    ["a missing --file", TWO, ["--file", "other.yaml"], /other\.yaml does not exist/],
    [
      "--step-output with a value, and with a part of it",
      TWO,
      ["--all", "--step-output", "image=x", "--step-output", "image.tag=1"],
      /--step-output image is a value, but --step-output image\.tag gives a part of it: give only one of them/,
    ],
    [
      "--step-output with a part, and with a value of the whole",
      TWO,
      ["--all", "--step-output", "a.b.c=x", "--step-output", "a.b=1"],
      /--step-output a\.b is a value, but --step-output a\.b\.c gives a part of it: give only one of them/,
    ],
    ["--step-output without =", TWO, ["--all", "--step-output", "x"], /--step-output "x": must be KEY=VALUE/],
  ])("%s: one message, exit 2, nothing recorded", (_, yaml, args, message) => {
    const place = folder(yaml);
    const { status, stderr } = place.pushpool("deploy", ...args);
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(JSON.parse(place.pushpool("deployments", "--json").stdout).deployments).toHaveLength(1);
  });

  test("a name that the program declares later: a run says so, and what to do", () => {
    const place = folder(TWO);
    place.pushpool("deploy", "one");
    writeFileSync(place.env.PUSHPOOL_MANIFEST as string, JSON.stringify(manifestOf({ "hello/one": "true" })));
    expect(place.pushpool("run", "hello/one")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/declared by the Pulumi program.*and by .*prefect\.yaml: keep one of them.*--remove hello\/one/),
    });
    expect(place.pushpool("deploy", "--remove", "hello/one").status).toBe(0);
    expect(place.pushpool("run", "hello/one").status).toBe(0);
  });
});

describe("a name that ends in .py", () => {
  const FILE = `deployments:\n${deployment("flows/train.py")}`;

  test("is deployed by its stem, as Prefect does; both spellings find it", () => {
    const place = folder(FILE);
    for (const name of ["train", "train.py", "flows/train.py", "hello/train", "hello/train.py"])
      expect(report(place, "--dry-run", name).deployments).toMatchObject([{ name: "hello/train", change: "create" }]);
    expect(place.pushpool("deploy").stdout).toBe("  + hello/train (work pool local)\n");
    expect(report(place).deployments).toMatchObject([{ name: "hello/train", change: "same" }]);
    for (const name of ["hello/train", "hello/train.py"]) {
      const run = place.pushpool("run", name, "--detach", "--json");
      expect([run.status, JSON.parse(run.stdout)]).toMatchObject([0, { run: { deployment: "hello/train" } }]);
    }
    expect(place.pushpool("deploy", "--remove", "hello/train.py").stdout).toBe("  - hello/train (work pool local)\n");
    write(place, `deployments:\n${deployment("train")}`);
    expect(report(place, "--dry-run", "train.py").deployments).toMatchObject([{ name: "hello/train" }]);
  });

  test("what an older version stored with .py is run and removed by either spelling, and the next deploy renames it", async () => {
    const place = folder(FILE);
    place.pushpool("deploy");
    const ledger = openSqliteLedger(join(place.home, "ledger.db"));
    onTestFinished(() => ledger.close());
    const [record] = await ledger.deployments("data/dev");
    const asBefore = async () => {
      await ledger.changeDeployments("data/dev", {
        put: [{ ...(record as DeploymentRecord), name: "hello/train.py" }],
        remove: ["hello/train"],
      });
    };
    await asBefore();
    for (const name of ["hello/train", "hello/train.py"]) expect(place.pushpool("run", name).status).toBe(0);
    const { stdout } = place.pushpool("deploy", "--all");
    expect(stdout).toBe('  ~ hello/train (work pool local)\n      name: "hello/train.py" → "hello/train"\n');
    expect((await ledger.deployments("data/dev")).map(({ name }) => name)).toEqual(["hello/train"]);
    expect(report(place).deployments).toMatchObject([{ change: "same" }]);
    await asBefore();
    expect(place.pushpool("deploy", "--remove", "hello/train").stdout).toBe("  - hello/train.py (work pool local)\n");
  });
});

describe("the encoding of a prefect.yaml", () => {
  const file = (place: Place, bytes: Buffer) => writeFileSync(join(place.folder, "prefect.yaml"), bytes);
  const TEXT = `# réglé\ndeployments:\n${deployment("one")}`;

  test("UTF-8 with a byte order mark works", () => {
    const place = folder(TEXT);
    file(place, Buffer.from(`\uFEFF${TEXT}`));
    expect(place.pushpool("deploy", "--all").stdout).toBe("  + hello/one (work pool local)\n");
  });

  test.each<[string, Buffer, RegExp]>([
    [
      "latin-1",
      Buffer.from(TEXT, "latin1"),
      /prefect\.yaml:1:4: the byte 0xe9 is not valid UTF-8; in latin-1 \(Windows-1252\) it is "é": save it as UTF-8/,
    ],
    [
      "UTF-16 with a mark",
      Buffer.from(`\uFEFF${TEXT}`, "utf16le"),
      /prefect\.yaml:1:1: the file must be UTF-8, but it is UTF-16 \(little-endian, with a/,
    ],
    [
      "UTF-16 without one",
      Buffer.from(TEXT, "utf16le").swap16(),
      /prefect\.yaml:1:1: the file must be UTF-8, but it is UTF-16 \(big-endian, without a/,
    ],
  ])("%s is refused with its position, by deploy and by init", (_, bytes, message) => {
    const place = folder(TEXT);
    file(place, bytes);
    for (const command of [["deploy", "--all"], ["init"]])
      expect(place.pushpool(...command)).toMatchObject({ status: 2, stdout: "", stderr: expect.stringMatching(message) });
    expect(place.pushpool("run", "hello/declared", "--params", "@prefect.yaml").stderr).toMatch(
      /--params @prefect\.yaml:1:\d: the (byte|file)/,
    );
  });
});

test("an unknown name of a work pool lists a few of many", () => {
  const pool = manifestOf({}).pools as JsonObject;
  const pools = Object.fromEntries(Array.from({ length: 31 }, (_, n) => [`pool-${String(n).padStart(2, "0")}`, pool.local as JsonObject]));
  const place = folder(`deployments:\n${deployment("one").replace("{ name: local }", "{}")}`, { manifest: { pools, deployments: {} } });
  expect(place.pushpool("deploy").stderr).toMatch(
    /work_pool\.name is missing: .* has pool-00, pool-01, pool-02, pool-03, pool-04 and 26 more$/m,
  );
});
