import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { manifestOf, type Place, placeWith } from "./pushpool";

// stdout and stderr that are closed, full, or read by programs.

const bin = join(__dirname, "..", "..", "bin", "pushpool.cjs");
const manifest = manifestOf({
  "hello/many": "sh -c 'seq 1 100000'",
  "hello/slow": "sh -c 'echo first; sleep 1; echo second; exit 3'",
  "hello/noisy": "sh -c 'echo out; echo err >&2; sleep 0.5; echo more >&2'",
});

/** Run a script in bash (`$PIPESTATUS` is the first command's status), where `pushpool` is the built CLI. */
function shell({ folder, env }: Place, script: string) {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", `pushpool() { "${process.execPath}" "${bin}" "$@"; }; ${script}`], {
    cwd: folder,
    env,
    encoding: "utf8",
    timeout: 170_000,
  });
  return { status, stdout, stderr };
}

const stateOf = (here: Place, ref: string) => JSON.parse(here.pushpool("show", ref, "--json").stdout).run.state.type as string;

test("a closed reader does not end the watch: the exit code is still the run's", () => {
  const here = placeWith(manifest);
  const { stdout, stderr } = shell(here, "pushpool run hello/slow --flow-run-name fox | head -1; echo $PIPESTATUS");
  expect(stdout).toBe("first\n1\n");
  expect(stderr).toMatch(/fox is FAILED \(exit code 3/);
  expect(stateOf(here, "fox")).toBe("FAILED");
});

test("a long output into a closed pipe does not crash", () => {
  const here = placeWith(manifest);
  expect(here.pushpool("run", "hello/many", "--flow-run-name", "fox", "--detach").status).toBe(0);
  expect(here.pushpool("wait", "fox").stdout.split("\n")).toHaveLength(100_001);
  expect(shell(here, "pushpool logs fox | head -1; echo $PIPESTATUS")).toEqual({ status: 0, stdout: "1\n0\n", stderr: "" });
});

test("with a closed stderr the run still ends normally", () => {
  const here = placeWith(manifest);
  const { stdout } = shell(here, "pushpool run hello/noisy --flow-run-name fox 2> >(exec true); echo $?");
  expect(stdout).toBe("out\n0\n");
  expect(stateOf(here, "fox")).toBe("COMPLETED");
});

test.runIf(process.platform === "linux")("a full disk at stdout: 5, one line, no stack trace", () => {
  const { status, stderr } = shell(placeWith(manifest), "pushpool pools >/dev/full");
  expect([status, stderr]).toEqual([5, expect.stringMatching(/cannot write to standard output: ENOSPC.*\n$/)]);
  expect(stderr).not.toMatch(/\n\s+at /);
});

/**
 * Runs `pushpool ARGS` with a pipe as its stdout. The pipe has only FREE bytes left, and is read only after a second. Prints what arrived
 * behind the filling, and ends with the exit code.
 */
const INTO_A_FULL_PIPE = `
import os, subprocess, sys, time
free, *command = sys.argv[1:]
reader, writer = os.pipe()
os.set_blocking(writer, False)
filled = 0
try:
    while True:
        filled += os.write(writer, b"." * 4096)
except BlockingIOError:
    pass
# A pipe has room for whole pages only.
os.read(reader, 4096)
os.write(writer, b"." * (4096 - int(free)))
filled -= int(free)
os.set_blocking(writer, command[0] == "blocking")
child = subprocess.Popen(command[1:], stdout=writer)
os.close(writer)
time.sleep(1)
with os.fdopen(reader, "rb") as pipe:
    sys.stdout.buffer.write(pipe.read()[filled:])
sys.exit(child.wait())
`;

test.each([
  ["blocking", 0],
  ["nonblocking", 0],
  ["nonblocking", 500],
])("a full %s pipe with room for %i bytes gets all of the output once it is read", (kind, room) => {
  const here = placeWith(manifest);
  for (const args of [["--help"], ["manifest", "schema"]]) {
    const { status, stdout, stderr } = spawnSync("python3", ["-c", INTO_A_FULL_PIPE, String(room), kind, process.execPath, bin, ...args], {
      cwd: here.folder,
      env: here.env,
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(here.pushpool(...args).stdout);
  }
});

test.runIf(process.platform === "linux").each([["--help"], ["ls --json"], ["run hello/noisy --detach"]])(
  "%s to a full disk: 5, one line",
  (args) => {
    const { status, stderr } = shell(placeWith(manifest), `pushpool ${args} >/dev/full`);
    expect([status, stderr.split("\n").at(-2)]).toEqual([5, expect.stringMatching(/cannot write to standard output: ENOSPC/)]);
    expect(stderr).not.toMatch(/\n\s+at /);
  },
);

test("one output to a closed reader is not an error", () => {
  const here = placeWith(manifest);
  for (const args of ["--help", "run hello/noisy --detach --flow-run-name fox"]) {
    const { stdout, stderr } = shell(here, `{ sleep 0.3; pushpool ${args}; echo $? >&3; } 3>status | exec 0<&-; cat status`);
    expect([stdout, stderr]).toEqual(["0\n", expect.not.stringMatching(/EPIPE/)]);
  }
  expect(stateOf(here, "fox")).not.toBe("SCHEDULED");
});

test("piped output has no colours and no cursor movement", () => {
  const here = placeWith(manifest);
  delete here.env.NO_COLOR;
  const { stdout, stderr } = here.pushpool("run", "hello/noisy");
  for (const control of ["\x1b", "\r"]) expect(stdout + stderr).not.toContain(control);
});

test("a manifest from standard input", () => {
  const here = placeWith(manifest);
  const text = JSON.stringify(manifest);
  writeFileSync(join(here.folder, "given.json"), text);
  delete here.env.PUSHPOOL_MANIFEST;
  expect(shell(here, "pushpool run hello/noisy --manifest - < given.json")).toMatchObject({ status: 0, stdout: "out\n" });
});

test("without a command: the help on stderr, exit code 2", () => {
  const { status, stdout, stderr } = placeWith(manifest).pushpool();
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^Usage: pushpool/);
});

test.each([[["--help"]], [["run", "--help"]], [["help", "run"]], [["--version"]]])("%j: on stdout, 0", (args) => {
  const { status, stdout, stderr } = placeWith(manifest).pushpool(...args);
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^(Usage: pushpool|\d+\.\d+\.\d+)/);
});
