import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { manifestOf, type Place, place, placeWith } from "./pushpool";

// Which folder a command uses, what it finds there, and what it must not leave there.

test.each(["ls", "show", "logs", "cancel", "retry", "wait", "run", "up", "preview", "destroy", "pools", "deployments"])(
  "%s without a project leaves nothing behind",
  (verb) => {
    const here = place();
    const { status } = here.pushpool(verb, ...(["show", "logs", "cancel", "retry", "wait", "run"].includes(verb) ? ["a/b"] : []));
    expect(status).toBe(verb === "ls" ? 0 : 2);
    expect(readdirSync(here.folder)).toEqual([]);
  },
);

test("a manifest by flag, and one relative to the folder of -C", () => {
  const here = placeWith(manifestOf({ "hello/true": "true" }));
  const { PUSHPOOL_MANIFEST: file = "" } = here.env;
  const elsewhere = place();
  expect(elsewhere.pushpool("run", "hello/true").status).toBe(2);
  expect(existsSync(elsewhere.home)).toBe(false);
  expect(elsewhere.pushpool("run", "hello/true", "--manifest", file).status).toBe(0);
  expect(readFileSync(join(elsewhere.home, ".gitignore"), "utf8")).toBe("*\n");
  expect(elsewhere.pushpool("-C", here.folder, "deployments", "--manifest", "manifest.json").stdout).toContain("hello/true");
});

const named = (here: Place, ...args: string[]) => {
  const { runs } = JSON.parse(here.pushpool("ls", "--json", ...args).stdout) as { runs: { name: string }[] };
  return runs.map(({ name }) => name);
};

test("ls: newest first, of the selected stack, by state, deployment, pool and number", () => {
  const here = placeWith(manifestOf({ "hello/good": "true", "hello/bad": "false" }));
  expect(here.pushpool("run", "hello/good", "--flow-run-name", "fox").status).toBe(0);
  expect(here.pushpool("run", "hello/bad", "--flow-run-name", "ox").status).toBe(1);
  expect(here.pushpool("run", "hello/good", "--flow-run-name", "ax").status).toBe(0);
  expect(named(here)).toEqual(["ax", "ox", "fox"]);
  expect(named(here, "--limit", "1")).toEqual(["ax"]);
  expect(named(here, "--state", "failed")).toEqual(["ox"]);
  expect(named(here, "--state", "failed", "--state", "COMPLETED")).toEqual(["ax", "ox", "fox"]);
  expect(named(here, "--deployment", "hello/good")).toEqual(["ax", "fox"]);
  expect(here.pushpool("ls", "--pool", "other").status).toBe(2);
  expect(here.pushpool("ls", "-s", "data/prod").status).toBe(2);
  expect(named(here, "-s", "data/dev")).toEqual(["ax", "ox", "fox"]);
  expect(here.pushpool("ls", "-s", "data/dev").stdout).toMatch(/^NAME +DEPLOYMENT/);
  expect(here.pushpool("ls", "--all-stacks").stdout).toMatch(/^NAME +STACK +DEPLOYMENT[\s\S]*^fox +data\/dev +hello\/good/m);
});

test("RUN is an id, a unique prefix of one, or a name", () => {
  const here = placeWith(manifestOf({ "hello/good": "true" }));
  const id = here.pushpool("run", "hello/good", "--flow-run-name", "fox", "--detach").stdout.trim();
  for (const ref of [id, id.slice(0, 20), "fox"]) expect(here.pushpool("show", ref).stdout).toMatch(new RegExp(`^fox\\n {2}id: +${id}`));
  const listed = here.pushpool("show", "fax");
  expect([listed.status, listed.stderr]).toEqual([2, expect.stringMatching(/there is no run "fax".*did you mean "fox"/)]);
});

test("parameters given twice: -p wins, with a message", () => {
  const here = placeWith(manifestOf({ "hello/good": "true" }));
  const { stdout, stderr } = here.pushpool("run", "hello/good", "-p", "a=1", "--params", '{"a": 2, "b": 3}', "--dry-run", "--json");
  expect(JSON.parse(stdout).parameters).toEqual({ a: 1, b: 3 });
  expect(stderr).toBe("a: given by both -p and --params; -p wins\n");
});

test("a key of -p or --job-variable that is given twice: the last value counts, with a message", () => {
  const here = placeWith(manifestOf({ "hello/good": "true" }));
  const pairs = ["-p", "a=1", "-p", "a=2", "--job-variable", "env.A=x", "--job-variable", "env.A=y"];
  const { stdout, stderr } = here.pushpool("run", "hello/good", ...pairs, "--dry-run", "--json");
  expect(JSON.parse(stdout).parameters).toEqual({ a: 2 });
  expect(stdout).toContain('"A":"y"');
  expect(stderr.split("\n")).toEqual([
    "-p a: given more than once; the last value counts",
    "--job-variable env.A: given more than once; the last value counts",
    "",
  ]);
});

test("no command that is offline accepts arguments for pulumi", () => {
  const here = place({ cwd: join(__dirname, "..", "..", "examples", "local") });
  const { status, stderr } = here.pushpool("up", "--engine", "offline", "--", "--diff");
  expect([status, stderr]).toEqual([2, expect.stringMatching(/^pushpool: "--diff": these arguments are for pulumi/)]);
  expect(existsSync(here.home)).toBe(false);
});
