import { join } from "node:path";
import { expect, test } from "vitest";
import { listen, manifestOf, type Place, place, placeWith } from "./pushpool";
import { CTRL_C, CTRL_D, linesOf, onTerminal, terminalTest } from "./terminal";

// Keys at a terminal other than those that detach and cancel (terminal.test.ts), and its colours.

const example = join(__dirname, "..", "..", "examples", "local");
const manifest = manifestOf({
  "hello/quick": "sh -c 'echo to out; echo to err >&2'",
  "hello/sleep": "sleep 600",
  "hello/stubborn": `sh -c 'trap "" TERM; echo deaf; for n in $(seq 30); do sleep 0.2; done'`,
});

interface Shown {
  run: { id: string; state: { type: string } };
}
const shown = (here: Place, ref: string) => (JSON.parse(here.pushpool("show", ref, "--json").stdout) as Shown).run;

terminalTest("colours on a terminal, but none with NO_COLOR", () => {
  const here = placeWith(manifest);
  const sgr = "\x1b[32m";
  expect(onTerminal(here, ["run", "hello/quick"], []).screen).not.toContain(sgr);
  delete here.env.NO_COLOR;
  expect(onTerminal(here, ["run", "hello/quick"], []).screen).toContain(`${sgr}COMPLETED`);
});

terminalTest("a third Ctrl-C leaves a run that is slow to stop", () => {
  const here = placeWith(manifest);
  const { status, screen } = onTerminal(
    here,
    ["run", "hello/stubborn", "--flow-run-name", "fox"],
    [
      ["wait", "deaf"],
      ["send", CTRL_C],
      ["wait", "detached from fox"],
      ["send", CTRL_C],
      ["wait", "CANCELLING"],
      ["send", CTRL_C],
    ],
  );
  expect(status).toBe(130);
  expect(screen).toMatch(/it was asked to stop\. `pushpool wait/);
  expect(shown(here, "fox").state.type).toBe("CANCELLING");
  expect(here.pushpool("wait", "fox").status).toBe(3);
});

terminalTest("destroy asks, and deletes only after a yes", () => {
  const here = place({ cwd: example });
  expect(here.pushpool("up", "--engine", "offline").status).toBe(0);
  const answer = (key: string) =>
    onTerminal(
      here,
      ["destroy"],
      [
        ["wait", "[y/N] "],
        ["send", key],
      ],
      example,
    );
  for (const key of ["n\r", "\r", CTRL_C, CTRL_D]) {
    const { status, screen } = answer(key);
    expect([status, linesOf(screen).filter(Boolean).at(-1)]).toEqual([2, "pushpool: nothing was deleted"]);
  }
  expect(here.pushpool("pools").stdout).toMatch(/^local +process:push/m);

  const { status, screen } = answer("y\r");
  expect(status).toBe(0);
  expect(screen).toContain("- pushpool:index:ProcessPushPool local");
  expect(here.pushpool("pools").status).toBe(2);
});

test("piped, one SIGINT is the same as one Ctrl-C", async () => {
  const here = placeWith(manifest);
  const child = here.start("run", "hello/sleep", "--flow-run-name", "fox");
  const said = listen(child);
  await expect.poll(said.stderr).toMatch(/RUNNING/);
  child.kill("SIGINT");
  expect(await said.ended).toBe(130);
  expect(said.stdout()).toBe("");
  expect(here.pushpool("cancel", "fox").status).toBe(0);
});
