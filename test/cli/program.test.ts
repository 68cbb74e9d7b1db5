import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { buildProgram } from "../../src/cli/program";

const commands = buildProgram().commands;

/** The complete help output, with the text after it. */
function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

test("each command has one file", () => {
  const files = readdirSync(join(__dirname, "..", "..", "src", "cli", "commands")).map((file) => file.replace(/\.ts$/, ""));
  expect(commands.map((command) => command.name()).sort()).toEqual(files.sort());
});

test.each(commands.map((command) => [command.name(), command] as const))("%s --help has an example of it", (name, command) => {
  expect(helpOf(command)).toMatch(new RegExp(`Example:\\n  \\$ pushpool ${name}\\b`));
});

test.each(commands.map((command) => [command.name(), command] as const))("%s takes -s, -C and --json", (_, command) => {
  const help = helpOf(command);
  for (const flag of ["-s, --stack <stack>", "-C <dir>", "--json"]) expect(help).toContain(flag);
});

test.each(["run", "retry", "wait", "cancel", "pools", "deployments", "manifest"])(
  "%s reads a manifest: --manifest and --output",
  (name) => {
    const flags = commands.find((command) => command.name() === name)?.options.map(({ long }) => long);
    expect(flags).toEqual(expect.arrayContaining(["--manifest", "--output"]));
  },
);

test.each(["ls", "show", "logs"])("%s reads the ledger only", (name) => {
  const flags = commands.find((command) => command.name() === name)?.options.map(({ long }) => long);
  expect(flags).not.toContain("--manifest");
});

test.each(["run", "cancel"])("%s takes --dry-run", (name) =>
  expect(commands.find((command) => command.name() === name)?.options.map(({ long }) => long)).toContain("--dry-run"),
);

test.each<[string[], string[] | "all"]>([
  [["run", "hello/prod"], ["run"]],
  [
    ["-C", "ls", "run", "hello/prod"],
    ["run", "ls"],
  ],
  [["rnu", "hello/prod"], "all"],
  [["run", "--help"], "all"],
  [["help", "run"], "all"],
  [[], "all"],
])("for %j the commands %j are defined", (args, names) => {
  const defined = buildProgram(args).commands.map((command) => command.name());
  expect(defined.sort()).toEqual(names === "all" ? commands.map((command) => command.name()).sort() : [...names].sort());
});
