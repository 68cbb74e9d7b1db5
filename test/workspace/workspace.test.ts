import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findHome, stateHome } from "../../src/home";
import { engineOf, forgetStack, recordEngine, refuseOtherEngine, selectedStack, selectStack } from "../../src/stacks";
import { UserError } from "../../src/userError";
import { openWorkspace, readStackName } from "../../src/workspace";
import { scratch } from "../scratch";

const PATH = "/nowhere";

/** Make folders and empty files with these names in a new folder. */
function tree(...names: string[]): string {
  const root = scratch();
  for (const name of names) {
    if (name.endsWith("/")) mkdirSync(join(root, name), { recursive: true, mode: 0o700 });
    else {
      mkdirSync(join(root, name, ".."), { recursive: true });
      writeFileSync(join(root, name), name.includes("Pulumi") ? "name: data\nruntime: nodejs\n" : "");
    }
  }
  return root;
}

const homes: [string, string[], string, string][] = [
  ["in the folder itself if no parent has one", ["a/b/"], "a/b", "a/b/.pushpool"],
  ["beside the nearest Pulumi.yaml", ["Pulumi.yaml", "a/b/"], "a/b", ".pushpool"],
  ["beside the nearest prefect.yaml", ["Pulumi.yaml", "a/prefect.yaml", "a/b/"], "a/b", "a/.pushpool"],
  ["the nearest .pushpool comes before any project file", [".pushpool/", "a/Pulumi.yaml", "a/b/"], "a/b", ".pushpool"],
  ["the nearer of two", [".pushpool/", "a/.pushpool/", "a/b/"], "a/b", "a/.pushpool"],
  ["a file of that name does not count", ["a/.pushpool", "Pulumi.yaml", "a/b/"], "a/b", ".pushpool"],
];
test.each(homes)("home: %s", (_, names, from, expected) => {
  const root = tree(...names);
  expect(findHome(join(root, from), {})).toBe(join(root, expected));
});

test("home: $PUSHPOOL_HOME comes first and is relative to the folder; an empty value counts as unset", () => {
  const root = tree(".pushpool/");
  expect(findHome(root, { PUSHPOOL_HOME: "mine" })).toBe(join(root, "mine"));
  expect(findHome(root, { PUSHPOOL_HOME: "/abs" })).toBe("/abs");
  expect(findHome(root, { PUSHPOOL_HOME: "" })).toBe(join(root, ".pushpool"));
});

test("state home: $XDG_STATE_HOME if absolute, else below ~/.local/state", () => {
  expect(stateHome({ XDG_STATE_HOME: "/s", HOME: "/h" })).toBe("/s/pushpool");
  expect(stateHome({ XDG_STATE_HOME: "s", HOME: "/h" })).toBe("/h/.local/state/pushpool");
  expect(stateHome({ HOME: "/h" })).toBe("/h/.local/state/pushpool");
});

test("a home is made only when needed, with access for its owner only, and ignored by git", () => {
  const root = tree("Pulumi.yaml");
  const home = join(root, ".pushpool");
  expect(openWorkspace({ cwd: root, env: { PATH } }).home).toBe(home);
  expect(existsSync(home)).toBe(false);
  openWorkspace({ cwd: root, env: { PATH }, create: true });
  expect(statSync(home).mode & 0o777).toBe(0o700);
  expect(readFileSync(join(home, ".gitignore"), "utf8")).toBe("*\n");
});

test.runIf(process.getuid?.() === 0)("a home of another user is refused with the owner's name, also for root and through links", () => {
  const root = tree(".pushpool/", "b/");
  const home = join(root, ".pushpool");
  chownSync(home, 12345, 12345);
  const message = `${home} belongs to uid 12345, and you are root (uid 0): its commands would run as you. Take it over with chown, or set PUSHPOOL_HOME to a folder of your own`;
  for (const create of [true, false]) expect(() => openWorkspace({ cwd: root, env: { PATH }, create })).toThrow(new UserError(message));
  symlinkSync(home, join(root, "b", ".pushpool"));
  expect(() => openWorkspace({ cwd: join(root, "b"), env: { PATH } })).toThrow(/belongs to uid 12345/);
});

test.each([
  [0o777, 0, true],
  [0o702, 0, true],
  [0o770, 12345, true],
  [0o770, 0, false],
  [0o755, 12345, false],
] as const)("a home of mode %o in group %d: refused %s", (mode, group, refused) => {
  if (process.getuid?.() !== 0) return;
  const root = tree(".pushpool/");
  const home = join(root, ".pushpool");
  chownSync(home, 0, group);
  chmodSync(home, mode);
  const open = () => openWorkspace({ cwd: root, env: { PATH } });
  if (refused) expect(open).toThrow(`others may write to ${home}, and its commands run as you: chmod go-w ${home}, or`);
  else expect(open).not.toThrow();
});

test("a home that is a file or cannot be made is refused", () => {
  const root = tree("file");
  const open = (PUSHPOOL_HOME: string) => () => openWorkspace({ cwd: root, env: { PATH, PUSHPOOL_HOME }, create: true });
  expect(open("file")).toThrow(/file is not a folder/);
  expect(open("file/below")).toThrow(/cannot make .*file\/below: a part of its path is not a folder \(ENOTDIR\)\. Set PUSHPOOL_HOME/);
});

test("-C with a missing folder is refused", () =>
  expect(() => openWorkspace({ cwd: "/no/such/folder" })).toThrow(new UserError("-C: there is no folder /no/such/folder")));

const names: [string, string | undefined, object][] = [
  ["dev", "data", { project: "data", stack: "dev", id: "data/dev" }],
  ["data/dev", "data", { project: "data", stack: "dev", id: "data/dev" }],
  ["data/dev", undefined, { project: "data", stack: "dev", id: "data/dev" }],
  ["acme/data/dev", undefined, { project: "data", stack: "dev", id: "data/dev", organization: "acme" }],
];
test.each(names)("-s %s with project %s", (text, project, expected) => expect(readStackName(text, project)).toEqual(expected));

const badNames: [string, string | undefined, RegExp][] = [
  ["", "data", /--stack "" is not a valid stack name: give STACK, PROJECT\/STACK or ORG\/PROJECT\/STACK/],
  ["..", "data", /is not a valid stack name/],
  ["../x", "data", /is not a valid stack name/],
  ["a b", "data", /is not a valid stack name/],
  ["a/b/c/d", undefined, /is not a valid stack name/],
  ["/dev", undefined, /is not a valid stack name/],
  ["dev", undefined, /--stack "dev" does not name a project, and there is no Pulumi.yaml here: give it as PROJECT\/dev/],
  ["other/dev", "data", /stack of project "other", but the project here is "data": .* -C/],
];
test.each(badNames)("-s %j with project %s is refused", (text, project, message) =>
  expect(() => readStackName(text, project)).toThrow(message),
);

test("the stack is the one that -s names, else the selected one, else none", () => {
  const root = tree("Pulumi.yaml");
  const open = (stack?: string) => openWorkspace({ cwd: root, env: { PATH }, create: true, ...(stack ? { stack } : {}) });
  const { home, project } = open();
  expect(project).toEqual({ name: "data", dir: root });
  expect(open().stack).toBeUndefined();
  recordEngine(home, "data", "dev", "offline");
  expect(open().stack).toEqual({ project: "data", stack: "dev", id: "data/dev" });
  expect(open("prod").stack).toEqual({ project: "data", stack: "prod", id: "data/prod", given: true });
});

test("Pulumi's own selection counts for a stack of the Pulumi CLI, as for `pulumi up`, but not for an offline stack", () => {
  const root = tree("Pulumi.yaml", "bin/");
  writeFileSync(join(root, "bin", "pulumi"), "#!/bin/sh\necho acme/data/staging\n", { mode: 0o755 });
  const open = () => openWorkspace({ cwd: root, env: { PATH: `${join(root, "bin")}:/bin` }, create: true });
  const { home } = open();
  expect(open().stack?.id).toBe("data/staging");
  recordEngine(home, "data", "prod", "pulumi");
  expect([selectedStack(home, "data"), open().stack?.id]).toEqual(["prod", "data/staging"]);
  recordEngine(home, "data", "dev", "offline");
  selectStack(home, "data", "dev");
  expect(open().stack?.id).toBe("data/dev");
  writeFileSync(join(root, "bin", "pulumi"), "#!/bin/sh\nexit 255\n");
  selectStack(home, "data", "prod");
  expect(open().stack?.id).toBe("data/prod");
});

test("another engine than the one that owns a stack is refused until the stack is handed over", () => {
  const home = scratch();
  const state = join(home, "stacks", "data", "dev.json");
  const writeState = () => {
    mkdirSync(join(state, ".."), { recursive: true });
    writeFileSync(state, "{}");
  };
  expect(engineOf(home, "data", "dev")).toBeUndefined();
  // Recorded, but nothing was ever brought up.
  recordEngine(home, "data", "dev", "offline");
  expect(() => refuseOtherEngine(home, "data", "dev", "pulumi")).not.toThrow();

  writeState();
  expect(engineOf(home, "data", "dev")).toBe("offline");
  expect(() => recordEngine(home, "data", "dev", "pulumi")).toThrow(
    new UserError(
      `stack data/dev was brought up by the offline engine: use --engine offline, or hand it over to the Pulumi CLI:\n  pulumi stack init dev\n  pulumi stack import --stack dev --file ${state}\n  mv ${state} ${state}.imported`,
    ),
  );

  // The journal of an interrupted update must be merged into the state before the stack is handed over.
  writeFileSync(`${state}.journal`, "");
  expect(() => recordEngine(home, "data", "dev", "pulumi")).toThrow(
    "\n  pushpool refresh -y --engine offline --stack dev\n  pulumi stack init dev\n",
  );

  recordEngine(home, "data", "prod", "pulumi");
  expect(engineOf(home, "data", "prod")).toBe("pulumi");
  const exported = join(home, "stacks", "data", "prod.json");
  expect(() => recordEngine(home, "data", "prod", "offline")).toThrow(
    new UserError(
      `stack data/prod was brought up by the Pulumi CLI: use --engine pulumi, or hand it over to the offline engine:\n  mkdir -p ${join(home, "stacks", "data")}\n  pulumi stack export --stack prod --file ${exported}`,
    ),
  );
  writeFileSync(exported, "{}");
  expect(() => recordEngine(home, "data", "prod", "offline")).not.toThrow();
});

test("the record of stacks: the first is selected, another on request, a forgotten one never; a damaged record is refused", () => {
  const home = scratch();
  recordEngine(home, "data", "dev", "pulumi");
  recordEngine(home, "data", "prod", "pulumi");
  expect(selectedStack(home, "data")).toBe("dev");
  selectStack(home, "data", "prod");
  expect(selectedStack(home, "data")).toBe("prod");
  forgetStack(home, "data", "prod");
  expect([selectedStack(home, "data"), engineOf(home, "data", "prod"), engineOf(home, "data", "dev")]).toEqual([
    undefined,
    undefined,
    "pulumi",
  ]);
  expect(engineOf(home, "data", "constructor")).toBeUndefined();

  const file = join(home, "projects", "data.json");
  const before = statSync(file).ino;
  recordEngine(home, "data", "dev", "pulumi");
  recordEngine(home, "data", "dev", "pulumi");
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ selected: "dev", stacks: { dev: { engine: "pulumi" } } });
  expect(statSync(file).ino).not.toBe(before);
  const after = statSync(file).ino;
  recordEngine(home, "data", "dev", "pulumi");
  expect(statSync(file).ino).toBe(after);

  writeFileSync(file, "{");
  expect(() => selectedStack(home, "data")).toThrow(
    new UserError(`${file} is damaged: invalid JSON. Remove it. It only stores which stack is selected, and the engines of the stacks`),
  );
});
