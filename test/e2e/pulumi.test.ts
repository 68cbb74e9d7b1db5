import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Place, place } from "./pushpool";
import { CTRL_C, onTerminal, terminalTest } from "./terminal";

// `pulumi` on PATH: a stand-in script that keeps what it was asked. Here it matters only that it is asked, and left to finish.

function withPulumi(script: string): Place & { asked(): string[] } {
  const folder = place();
  writeFileSync(join(folder.folder, "Pulumi.yaml"), "name: data\nruntime: nodejs\n");
  const bin = join(folder.folder, "bin");
  mkdirSync(bin);
  const log = join(folder.folder, "asked");
  // Questions such as `stack ls` are answered by nothing.
  const text = `#!/bin/sh\ncase "$1" in up|preview|destroy) ;; *) exit 1;; esac\necho "$@" >> ${log}\n${script}\n`;
  writeFileSync(join(bin, "pulumi"), text, { mode: 0o755 });
  folder.env.PATH = `${bin}:${folder.env.PATH}`;
  return { ...folder, asked: () => readFileSync(log, "utf8").trim().split("\n") };
}

test("it gets the verb, the stack, --yes and what stands after --, and its output is the output", () => {
  const here = withPulumi("echo from pulumi; echo warning >&2");
  expect(here.pushpool("up", "-y", "--", "--refresh", "--target", "a b")).toMatchObject({
    status: 0,
    stdout: "from pulumi\n",
    stderr: expect.stringMatching(/^stack data\/dev, engine pulumi \(pulumi is on PATH\)\nwarning\n$/),
  });
  expect(here.pushpool("-s", "acme/data/prod", "preview").status).toBe(0);
  expect(here.asked()).toEqual(["up --stack dev --yes --refresh --target a b", "preview --stack acme/data/prod"]);
  // It keeps the stack now.
  expect(here.pushpool("up", "--engine", "offline")).toMatchObject({ status: 2, stderr: expect.stringMatching(/pulumi stack export/) });
});

test("its failure is 5, and it keeps nothing", () => {
  const here = withPulumi("exit 255");
  expect(here.pushpool("up", "-y")).toMatchObject({
    status: 5,
    stderr: expect.stringMatching(/`pulumi up --stack dev --yes` ended with exit status 255/),
  });
});

terminalTest("Ctrl-C is pulumi's: it is waited for until it has wound up", () => {
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
