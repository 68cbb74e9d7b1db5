import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { lockStack } from "../../src/engine/state/lock";
import { scratch } from "../scratch";
import { project } from "./program";

const statePath = (dir: string) => join(dir, "..", "home", "stacks", "conf", "dev.json");

test.each([
  ["no JSON", "{", /state .*dev\.json is damaged/],
  ["a newer version", JSON.stringify({ version: 4, deployment: {} }), /is of version 4.*npm install pushpool@latest/],
])("a state that is %s is refused with its path and left as it is", async (_, text, message) => {
  const { dir, write, stack } = project();
  write("");
  mkdirSync(dirname(statePath(dir)), { recursive: true });
  writeFileSync(statePath(dir), text);
  await expect(stack().up()).rejects.toThrow(message);
  expect(readFileSync(statePath(dir), "utf8")).toBe(text);
});

test("a lock names its holder; a dead one's is taken over", () => {
  const path = join(scratch(), "a", "dev.json.lock");
  const unlock = lockStack(path, "conf/dev");
  expect(() => lockStack(path, "conf/dev")).toThrow(new RegExp(`stack conf/dev is being changed by process ${process.pid} since`));
  unlock();
  writeFileSync(path, JSON.stringify({ host: hostname(), pid: process.pid, start: "another boot", since: "2020" }));
  lockStack(path, "conf/dev")();
  expect(existsSync(path)).toBe(false);
});

test("kill -9 in the middle of an update leaves a readable state with everything registered till then, and the next one goes on", async () => {
  const { dir, write, stack } = project();
  const slow = `for (const n of [1, 2, 3]) new Bare("b" + n, {}); module.exports = async () => { await new Promise((done) => setTimeout(done, 20000)); };`;
  write(slow);
  const lib = join(__dirname, "..", "..", "lib", "src", "testing");
  const script = `require(${JSON.stringify(lib)}).offlineStack({ projectDir: ${JSON.stringify(dir)}, home: ${JSON.stringify(join(dir, "..", "home"))} }).up()`;
  const child = spawn(process.execPath, ["-e", script], { stdio: "ignore", detached: true });
  const names = () =>
    existsSync(statePath(dir))
      ? (JSON.parse(readFileSync(statePath(dir), "utf8")) as { deployment: { resources: { urn: string }[] } }).deployment.resources.map(
          ({ urn }) => urn.split("::").at(-1),
        )
      : [];
  const limit = Date.now() + 20_000;
  while (names().length < 4 && Date.now() < limit) await new Promise((done) => setTimeout(done, 20));
  process.kill(-(child.pid as number), "SIGKILL");
  expect(names().sort()).toEqual(["b1", "b2", "b3", "conf-dev"]);
  write(`for (const n of [1, 2]) new Bare("b" + n, {});`);
  expect(await stack().up()).toMatchObject({ changes: { same: 3, delete: 1 } });
});
