import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Place, place } from "./pushpool";
import { CTRL_C, onTerminal, terminalTest } from "./terminal";

// `pulumi` on PATH is a stand-in script that records its arguments. The test checks only that it is called, and may finish.

function withPulumi(script: string): Place & { asked(): string[] } {
  const folder = place();
  writeFileSync(join(folder.folder, "Pulumi.yaml"), "name: data\nruntime: nodejs\n");
  const bin = join(folder.folder, "bin");
  mkdirSync(bin);
  const log = join(folder.folder, "asked");
  // It does not answer queries such as `stack ls`.
  const text = `#!/bin/sh\ncase "$1" in up|preview|destroy) ;; *) exit 1;; esac\necho "$@" >> ${log}\n${script}\n`;
  writeFileSync(join(bin, "pulumi"), text, { mode: 0o755 });
  folder.env.PATH = `${bin}:${folder.env.PATH}`;
  return { ...folder, asked: () => readFileSync(log, "utf8").trim().split("\n") };
}

test("it gets the verb, the stack, --yes and what follows --, and its output is passed on", () => {
  const here = withPulumi("echo from pulumi; echo warning >&2");
  expect(here.pushpool("up", "-y", "--", "--refresh", "--target", "a b")).toMatchObject({
    status: 0,
    stdout: "from pulumi\n",
    stderr: expect.stringMatching(/^stack data\/dev, engine pulumi \(pulumi is on PATH\)\nwarning\n$/),
  });
  expect(here.pushpool("-s", "acme/data/prod", "preview").status).toBe(0);
  expect(here.asked()).toEqual(["up --stack dev --yes --refresh --target a b", "preview --stack acme/data/prod"]);
  // It manages the stack now.
  expect(here.pushpool("up", "--engine", "offline")).toMatchObject({ status: 2, stderr: expect.stringMatching(/pulumi stack export/) });
});

test("its failure gives exit code 5, and it then manages no stack", () => {
  const here = withPulumi("exit 255");
  expect(here.pushpool("up", "-y")).toMatchObject({
    status: 5,
    stderr: expect.stringMatching(/`pulumi up --stack dev --yes` ended with exit status 255/),
  });
});

terminalTest("pulumi handles Ctrl-C, and the command waits until pulumi has ended", () => {
  const here = withPulumi(`trap 'echo winding up; sleep 0.5; echo wound up; exit 1' INT\necho started\nwhile :; do sleep 0.1 & wait; done`);
  const { status, screen } = onTerminal(
    here,
    ["up", "-y"],
    [
      ["wait", "started"],
      ["send", CTRL_C],
    ],
  );
  expect(status).toBe(5);
  expect(screen).toMatch(/winding up[\s\S]*wound up[\s\S]*ended with exit status 1/);
});
