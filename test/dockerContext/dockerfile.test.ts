import { expect, test } from "vitest";
import { readDockerfile, stageNamed } from "../../src/dockerContext";

const TEXT = `# syntax=docker/dockerfile:1
ARG PYTHON=3.12
from python:\${PYTHON}-slim as Base
RUN --mount=type=cache,target=/root/.cache \\
    # a comment inside an instruction

    pip install \\
    prefect
COPY --from=ghcr.io/astral-sh/uv:0.8 --chown=flows /uv /bin/
RUN <<EOT
not an instruction
EOT
FROM base
CMD ["python"]
`;

test("instructions with their lines, options and stages", () => {
  const file = readDockerfile(TEXT);
  expect(file.before.map(({ name, rest }) => [name, rest])).toEqual([["ARG", "PYTHON=3.12"]]);
  expect(file.stages.map(({ name, base }) => [name, base])).toEqual([
    ["base", `python:${"$"}{PYTHON}-slim`],
    [undefined, "base"],
  ]);
  expect(file.stages[0]?.instructions).toEqual([
    { line: 4, name: "RUN", flags: [["mount", "type=cache,target=/root/.cache"]], rest: "pip install     prefect" },
    {
      line: 9,
      name: "COPY",
      flags: [
        ["from", "ghcr.io/astral-sh/uv:0.8"],
        ["chown", "flows"],
      ],
      rest: "/uv /bin/",
    },
    { line: 10, name: "RUN", flags: [], rest: "<<EOT" },
  ]);
});

test.each([
  ["BASE", "base"],
  ["0", "base"],
  ["1", undefined],
])("stage %s", (target, name) => {
  expect(stageNamed(readDockerfile(TEXT), target)).toMatchObject(name === undefined ? { base: "base" } : { name });
});

test.each(["2", "none", ""])("no stage %j", (target) => {
  expect(stageNamed(readDockerfile(TEXT), target)).toBeUndefined();
});

test.each([
  ["", "it has no instruction FROM"],
  ["ARG A=1\n", "it has no instruction FROM"],
  ["FROM a\nFORM b\n", "line 2: unknown instruction: FORM"],
  ["RUN x\nFROM a\n", "line 1: no build stage in current context: RUN comes before the first FROM"],
  ["FROM a AS\n", "line 1: FROM requires either one or three arguments"],
  ["FROM a\n\nCOPY\n", "line 3: COPY needs at least one argument"],
  ["FROM a\nRUN <<EOT\necho\n", "line 2: unterminated heredoc"],
])("%j is refused", (text, message) => {
  expect(() => readDockerfile(text)).toThrow(message);
});

test("another escape character, and a byte order mark", () => {
  const { stages } = readDockerfile("\uFEFF# escape=`\nFROM a\nRUN x `\n  y\nCOPY C:\\ .\n");
  expect(stages[0]?.instructions.map(({ rest }) => rest)).toEqual(["x   y", "C:\\ ."]);
});
