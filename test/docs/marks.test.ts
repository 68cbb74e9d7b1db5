import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { split } from "shlex";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { buildProgram } from "../../src/cli/program";
import { type Block, commandsOf, copied, repo } from "./markdown";

// Every block that users copy has a comment above it that says how it is tested. blocks.test.ts runs those marked `run`.

const named = (kind: string) =>
  copied.filter(({ mark }) => mark?.kind === kind).map((block) => [`${block.page}:${block.line}`, block] as const);

/** The flags of other programs that the pages show, as in those programs' help. By the first words of the command. */
const FOREIGN: Record<string, string[]> = {
  "aws ecr get-login-password": [],
  "aws sso login": [],
  "az acr login": ["--name"],
  "az login": [],
  "az provider register": ["--namespace"],
  "docker build": ["--platform", "-t"],
  "docker login": ["--username", "--password-stdin"],
  "docker push": [],
  "gcloud auth application-default login": [],
  "gcloud services enable": ["--project"],
  "npm install": [],
  "npm run compare": [],
  "npm run offline": [],
  "prefect server start": [],
  "python3 -m venv": ["-m"],
  "pulumi config set": ["--secret"],
  "pulumi login": [],
  "pulumi stack init": [],
  "pulumi stack output": ["--json", "--show-secrets"],
  "ssh -L": ["-L"],
  ".venv/bin/pip install": [],
  export: [],
};

test("each block says how it is tested", () => {
  const kinds = ["run", "tested", "not run", "compiled", "usage", "workflow"];
  const unmarked = copied.filter(({ mark }) => !mark || !kinds.includes(mark.kind)).map(({ page, line }) => `${page}:${line}`);
  expect(unmarked).toEqual([]);
  const unreasoned = copied.filter(({ mark }) => ["tested", "not run", "compiled"].includes(mark?.kind ?? "") && mark?.words === "");
  expect(unreasoned).toEqual([]);
});

/** Parse a command line with pushpool's own grammar. @throws {Error} as the command line would */
async function grammar(words: readonly string[]): Promise<void> {
  const program = buildProgram();
  for (const command of program.commands) command.action(() => {});
  await program.parseAsync([...words], { from: "user" });
}

/** The words of each command in a line, without assignments and substitutions. */
function simpleCommands(line: string): string[][] {
  return line
    .replace(/^\w+=\$\((.*)\)$/, "$1")
    .split(/ && | \| | &$/)
    .filter((command) => command !== "")
    .map((command) => split(command));
}

async function checkCommand(words: string[]): Promise<void> {
  const [first = "", ...rest] = words[0] === "npx" ? words.slice(1) : words;
  if (first === "pushpool") return grammar(rest);
  const known = Object.entries(FOREIGN).find(([start]) => words.join(" ").startsWith(start));
  expect([words, known !== undefined]).toEqual([words, true]);
  const flags = words.filter((word) => word.startsWith("-")).map((word) => word.replace(/=.*/, ""));
  expect(flags.filter((flag) => !known?.[1].includes(flag))).toEqual([]);
}

test.each(named("not run"))("%s has existing commands and flags", async (_, block) => {
  const commands = commandsOf(block).filter((line) => !/^npm install (git\+https|\/path)/.test(line));
  for (const words of commands.flatMap(simpleCommands)) await checkCommand(words);
});

test.each(named("tested"))("%s: the tests that it names contain what it shows", (_, block) => {
  const files = block.mark?.words.split(", ") ?? [];
  for (const file of files) expect([file, existsSync(join(repo, file))]).toEqual([file, true]);
  const tests = files.map((file) => readFileSync(join(repo, file), "utf8")).join("\n");
  for (const line of block.language === "sh" ? commandsOf(block) : []) {
    const [, words] = /^(?:npx )?pushpool (.*)$/.exec(line) ?? [];
    if (words === undefined) continue;
    const [verb = "", next] = words.split(" ");
    const called = next === undefined || /^[A-Z]+$/.test(next) ? `"${verb}"` : `"${verb}", "${next}"`;
    expect([line, tests.includes(line) || tests.includes(called)]).toEqual([line, true]);
  }
});

/**
 * A synopsis: `a
 * b` are alternatives, `[…]` is optional.
 */
test.each(named("usage"))("%s has existing commands and flags", (_, block) => {
  const program = buildProgram();
  for (const line of commandsOf(block)) {
    const text = line.replace(/^pushpool /, "");
    const verbs = text
      .replaceAll(/\[[^\]]*\]/g, "")
      .split(" | ")
      .map((part) => part.trim().split(" ")[0] ?? "");
    const commands = verbs.map((verb) => program.commands.find((command) => command.name() === verb));
    expect([line, commands.every(Boolean)]).toEqual([line, true]);
    const flags = [...text.matchAll(/(?<![\w-])--?[a-z][a-z-]*/g)].map(([flag]) => flag);
    const all = commands.flatMap((command) => command?.options.flatMap(({ short, long }) => [short, long]) ?? []);
    expect(flags.filter((flag) => !all.includes(flag))).toEqual([]);
  }
});

describe("workflows", () => {
  test.each(named("workflow"))("%s runs existing commands", async (_, block: Block) => {
    const { jobs } = parse(block.text) as { jobs: Record<string, { steps: { run?: string }[] }> };
    const lines = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines.filter((line) => line !== "npm ci")) await checkCommand(split(line));
  });

  test("our own workflow runs what CI runs, on the node version in .nvmrc", () => {
    const { jobs } = parse(readFileSync(join(repo, ".github", "workflows", "ci.yml"), "utf8")) as {
      jobs: { test: { steps: { run?: string; uses?: string; with?: Record<string, string> }[] } };
    };
    expect(jobs.test.steps.flatMap(({ run }) => run ?? [])).toEqual([".ci/run"]);
    expect(jobs.test.steps).toContainEqual(expect.objectContaining({ with: expect.objectContaining({ "node-version-file": ".nvmrc" }) }));
  });
});
