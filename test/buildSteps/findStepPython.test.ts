import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { findStepPython } from "../../src/buildSteps/findStepPython";
import { scratch } from "../scratch";

/** A program that prints a line, as a Python does that is asked for its version of Prefect. */
function printing(path: string, text: string, code = 0): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\necho '${text}'\nexit ${code}\n`, { mode: 0o755 });
  return path;
}

/** A project two folders deep, with its own PATH. */
function project() {
  const root = scratch();
  const folder = join(root, "project", "flows");
  const bin = join(root, "bin");
  mkdirSync(folder, { recursive: true });
  mkdirSync(bin);
  const found = (env: NodeJS.ProcessEnv = {}) => findStepPython({ folder, env: { PATH: bin, ...env } });
  return { root, folder, bin, found };
}

test("a place that comes first wins; one without Prefect 3 is passed over and named", async () => {
  const { root, bin, found } = project();
  const onPath = printing(join(bin, "python3"), "none");
  expect(await found()).toEqual({ searched: [`${onPath} (python3 on PATH) has no Prefect`] });
  printing(onPath, "3.9.1");
  expect(await found()).toEqual({ path: onPath, prefect: "3.9.1", from: "python3 on PATH" });

  writeFileSync(join(root, "project", "poetry.lock"), "");
  const poetry = printing(join(root, "poetry-env", "bin", "python"), "3.8.8");
  printing(join(bin, "poetry"), poetry);
  expect(await found()).toMatchObject({ path: poetry, from: "poetry env info" });

  writeFileSync(join(root, "project", "pyproject.toml"), "[tool.uv.sources]\n");
  const uv = printing(join(root, "uv-env", "bin", "python"), "3.8.7");
  printing(join(bin, "uv"), uv);
  expect(await found()).toMatchObject({ path: uv, from: "uv project" });
  // A project of uv without an environment.
  printing(join(bin, "uv"), "error: no environment", 2);
  expect(await found()).toMatchObject({ path: poetry });

  const own = printing(join(root, "project", ".venv", "bin", "python"), "3.8.6");
  expect(await found()).toMatchObject({ path: own, from: ".venv" });

  const active = printing(join(root, "active", "bin", "python"), "3.8.5");
  expect(await found({ VIRTUAL_ENV: join(root, "active") })).toMatchObject({ path: active, from: "VIRTUAL_ENV" });
  printing(active, "2.20.4");
  expect(await found({ VIRTUAL_ENV: join(root, "active") })).toMatchObject({ path: own });

  const named = printing(join(root, "named"), "3.8.4");
  expect(await found({ PUSHPOOL_PYTHON: "../../named", VIRTUAL_ENV: join(root, "active") })).toMatchObject({ path: named });
});

test("nothing that has Prefect: each place with what it has", async () => {
  const { root, bin, found } = project();
  printing(join(bin, "python3"), "none");
  const active = printing(join(root, "active", "bin", "python"), "2.20.4");
  const own = printing(join(root, "project", ".venv", "bin", "python"), "broken", 1);
  expect(await found({ VIRTUAL_ENV: join(root, "active") })).toEqual({
    searched: [
      `${active} (VIRTUAL_ENV) has Prefect 2.20.4, not 3`,
      `${own} (.venv) does not run`,
      `${join(bin, "python3")} (python3 on PATH) has no Prefect`,
    ],
  });
});
