import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { manifestOf, type Place, placeWith } from "./pushpool";
import { linesOf, onTerminal, terminalTest } from "./terminal";

// Names and messages from a server or another user's ledger: whatever they contain, they cannot add lines to the output.

const HOSTILE = "evil\nINJECTED: all is well\r\u001b[2J\u202e";

/** A ledger with two runs, one COMPLETED and one FAILED, whose strings are all hostile. */
function hostileLedger(): Place {
  const here = placeWith(manifestOf({ "hello/prod": "true", "hello/bad": "sh -c 'exit 3'" }));
  here.pushpool("run", "hello/prod");
  here.pushpool("run", "hello/bad");
  const ledger = new DatabaseSync(join(here.home, "ledger.db"));
  ledger
    .prepare(`UPDATE runs SET name = '01' || ?, deployment = ?, work_pool = ?, work_queue = ?, state_name = ?, state_message = ?`)
    .run(...Array.from({ length: 6 }, () => HOSTILE));
  ledger.prepare("UPDATE transitions SET name = ?, message = ?").run(HOSTILE, HOSTILE);
  ledger.close();
  return here;
}

const idsIn = (here: Place) =>
  (JSON.parse(here.pushpool("ls", "--json").stdout) as { runs: { id: string; state: { type: string } }[] }).runs;

test.each([
  ["ls", []],
  ["ls", ["--all-stacks"]],
  ["ls", ["--pool", "evl"]],
  ["show", ["COMPLETED"]],
  ["wait", ["COMPLETED"]],
  ["wait", ["FAILED"]],
  ["wait", ["01evil"]],
  ["wait", ["01"]],
  ["logs", ["COMPLETED"]],
  ["cancel", ["FAILED"]],
  ["cancel", ["FAILED", "--dry-run"]],
  ["retry", ["COMPLETED"]],
  ["retry", ["FAILED"]],
  ["deployments", []],
  ["pools", []],
])("%s %j prints only its own lines", (command, args) => {
  const here = hostileLedger();
  const runs = idsIn(here);
  const refs = args.map((arg) => runs.find(({ state }) => state.type === arg)?.id ?? arg);
  for (const json of [[], ["--json"]]) {
    const { stdout, stderr, status } = here.pushpool(command, ...refs, ...json);
    expect(status).not.toBe(70);
    for (const line of `${stdout}\n${stderr}`.split("\n")) {
      expect(line).not.toMatch(/^\s*INJECTED/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may occur
      expect(line).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
    }
  }
});

test("a run in flight: cancel, and destroy's refusal", () => {
  const here = placeWith(manifestOf({ "a/long": "sh -c 'sleep 600'" }));
  here.pushpool("run", "a/long", "--detach");
  const ledger = new DatabaseSync(join(here.home, "ledger.db"));
  ledger.prepare("UPDATE runs SET name = ?").run(HOSTILE);
  ledger.close();
  const [run] = idsIn(here);
  for (const args of [
    ["retry", run?.id ?? ""],
    ["wait", run?.id ?? "", "--timeout", "1s"],
    ["cancel", run?.id ?? ""],
  ]) {
    const { stdout, stderr } = here.pushpool(...args);
    expect(`${stdout}\n${stderr}`).toContain("evil");
    expect(`${stdout}\n${stderr}`).not.toMatch(/^\s*INJECTED/m);
  }
});

terminalTest("on a terminal of 40 columns show wraps no id, not even in its JSON", () => {
  const here = placeWith(manifestOf({ "hello/prod": "sh -c 'echo a rather long command that goes on and on and on'" }));
  here.pushpool(
    "run",
    "hello/prod",
    "-p",
    "text=some words that are longer than a narrow terminal is",
    "-p",
    "run=01a206b3-da99-74c1-a84f-7116d785f9ad",
  );
  const [run] = idsIn(here);
  const { screen } = onTerminal({ ...here, env: { ...here.env, TERMINAL_COLUMNS: "40" } }, ["show", run?.id ?? ""], []);
  const lines = linesOf(screen);
  const from = lines.indexOf("  submission:");
  expect(from).toBeGreaterThan(0);
  // As the terminal wraps it: no row has only a part of an id.
  const rows = lines.flatMap((line) => line.match(/.{1,40}/g) ?? [""]);
  for (const id of [run?.id ?? "?", "01a206b3-da99-74c1-a84f-7116d785f9ad"]) {
    const whole = rows.filter((row) => row.includes(id)).length;
    expect(whole).toBe(lines.join("\n").split(id).length - 1);
    expect(whole).toBeGreaterThan(1);
  }
});
