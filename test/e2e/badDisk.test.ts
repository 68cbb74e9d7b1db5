import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scratch } from "../scratch";
import { manifestOf, placeWith } from "./pushpool";

// Full, damaged or read-only disks: one sentence with the path and what to do, never a stack trace.

const bin = join(__dirname, "..", "..", "bin", "pushpool.cjs");

/** Whether this user can mount a file system in a new namespace, which ends with the command. */
const canMount = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/tmp"]).status === 0;

/** Run shell commands with a tmpfs of so many kilobytes at $DISK. */
function onDisk(kilobytes: number, commands: string): { status: number | null; stdout: string; stderr: string } {
  const at = placeWith(manifestOf({ "hello/node": "true" }));
  const disk = scratch();
  const script = `mount -t tmpfs -o size=${kilobytes}k tmpfs ${disk}\npp() { "${process.execPath}" "${bin}" "$@"; }\n${commands}`;
  const env = { ...at.env, DISK: disk, PUSHPOOL_HOME: join(disk, "home") };
  return spawnSync("unshare", ["-rm", "sh", "-c", script], { cwd: at.folder, env, encoding: "utf8" });
}

const FILL = "dd if=/dev/zero of=$DISK/fill bs=1k 2>/dev/null";

test.skipIf(!canMount)("the message names a full disk, and earlier data is safe once there is room", () => {
  const { stdout, stderr } = onDisk(400, `pp run hello/node 2>/dev/null; ${FILL}; pp run hello/node; echo $?; rm $DISK/fill; pp ls --json`);
  expect(stderr).toMatch(
    /^pushpool: no space left on the disk to write the ledger .*ledger\.db: make room and repeat the command[^\n]*\n$/,
  );
  const [status, ls = ""] = stdout.trim().split("\n");
  expect(status).toBe("5");
  expect(JSON.parse(ls).runs).toMatchObject([{ state: { type: "COMPLETED" } }]);
});

test.skipIf(!canMount)("a disk that is full from the start: no partial files", () => {
  const { stdout, stderr } = onDisk(400, `${FILL}; pp run hello/node; echo $?; ls -A $DISK/home 2>/dev/null`);
  expect(stderr).toMatch(/^pushpool: cannot (write|make) .*no space left on the disk: make room \(ENOSPC\)[^\n]*\n$/);
  expect(stdout.trim()).toBe("5");
});

test.skipIf(!canMount)("the message names a read-only file system", () => {
  const { stdout, stderr } = onDisk(400, "mount -o remount,ro $DISK; pp run hello/node; echo $?");
  expect(stderr).toMatch(
    /^pushpool: cannot make .*: the file system is read-only \(EROFS\)\. Set PUSHPOOL_HOME to a folder that you may write to\n$/,
  );
  expect(stdout.trim()).toMatch(/^[25]$/);
});

test.skipIf(!canMount)("every command that writes reports that its folder is read-only", () => {
  const commands = ["run hello/node", "ls", "show mine", "cancel mine", "retry mine", "serve --port 0", "deployments"];
  const project = "mkdir $DISK/project; cd $DISK/project; printf 'name: data\\nruntime: nodejs\\n' > Pulumi.yaml";
  const { stdout, stderr } = onDisk(
    20_000,
    [
      "pp run hello/node --flow-run-name mine 2>/dev/null",
      project,
      "mount -o remount,ro $DISK",
      ...commands.map((command) => `pp ${command}; echo $?`),
      "pp up -y --engine offline -s dev; echo $?",
      "mkdir -p $DISK/empty 2>/dev/null; cd /; pp init local -C $DISK --no-install; echo $?",
    ].join("\n"),
  );
  const told = stderr
    .trim()
    .split("\n")
    .filter((line) => line.startsWith("pushpool: "));
  expect(told).toHaveLength(commands.length + 2);
  for (const line of told) expect(line).toMatch(/^pushpool: cannot (write|make|open) .*: the file system is read-only \(EROFS\)/);
  for (const status of stdout.trim().split("\n")) expect(status).toMatch(/^[25]$/);
});

test("serve does not start on a damaged ledger", () => {
  const at = placeWith(manifestOf({ "hello/node": "true" }));
  for (let n = 0; n < 5; n++) at.pushpool("run", "hello/node", "--detach");
  const ledger = join(at.home, "ledger.db");
  const bytes = readFileSync(ledger);
  for (let page = 2 * 4096; page < bytes.length; page += 4096) bytes.fill(0xff, page, page + 600);
  writeFileSync(ledger, bytes);
  const { status, stdout, stderr } = at.pushpool("serve", "--port", "0");
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^pushpool: the ledger .*ledger\.db is damaged \(.*\); it was not changed\. Restore it from a backup[^\n]*\n$/);
});

test("the message names a manifest, a home or a project that is a loop of links", () => {
  const at = placeWith(manifestOf({ "hello/node": "true" }));
  const loop = join(at.folder, "loop");
  symlinkSync("loop", loop);
  const manifest = at.pushpool("run", "hello/node", "--manifest", loop);
  expect(manifest.stderr).toMatch(/^pushpool: --manifest: cannot read .*loop: its symbolic links form a loop \(ELOOP\)\n$/);
  expect(manifest.status).toBe(2);
  mkdirSync(join(at.folder, "project"));
  symlinkSync("Pulumi.yaml", join(at.folder, "project", "Pulumi.yaml"));
  for (const args of [["up", "--engine", "offline"], ["ls"]]) {
    const { stderr } = at.pushpool("-C", join(at.folder, "project"), ...args);
    expect(stderr).not.toMatch(/bug of pushpool|\n\s+at /);
  }
});

const STACK = `mkdir $DISK/infra; cd $DISK/infra; ln -s ${join(__dirname, "..", "..", "node_modules")} node_modules
printf 'name: infra\\nruntime: nodejs\\nmain: index.js\\n' > Pulumi.yaml; echo 'exports.key = require("@pulumi/pulumi").secret("x");' > index.js
export PUSHPOOL_HOME=$DISK/infra/.pushpool XDG_STATE_HOME=$DISK/infra/state; unset PULUMI_CONFIG_PASSPHRASE
up() { pp up -y --engine offline; echo "exit $?"; }
left() { find .pushpool state -path '*/cache/*' -prune -o '(' -name '*.lock*' -o -name '*.new' -o -size 0 ')' -type f -print; }`;

test.skipIf(!canMount).each([
  ["from the start", `${FILL}; rm -rf .pushpool/projects; up; left`],
  ["once there is a stack", `up; ${FILL}; echo 'exports.more = 1;' >> index.js; up; left`],
  ["before there is a key", `pp ls; mkdir -p .pushpool/projects .pushpool/stacks/infra; ${FILL}; up; left`],
])("up on a disk that is full %s reports it and leaves no partial file; with room it continues", { timeout: 300_000 }, (_, commands) => {
  const { stdout, stderr } = onDisk(40_000, `${STACK}\n${commands}; echo room; rm $DISK/fill; up; left`);
  const [full = "", room = ""] = stdout.split("room\n");
  expect(full.trim().split("\n").at(-1)).toBe("exit 5");
  expect(stderr).toMatch(/^pushpool: [^\n]*\$?[^\n]*\/infra\/[^\n]*no space left on the disk[^\n]*$/m);
  expect(stderr).not.toMatch(/bug of pushpool|\n\s+at /);
  expect(room.trim().split("\n").at(-1)).toBe("exit 0");
});
