import { type ChildProcess, fork } from "node:child_process";
import { EventEmitter } from "node:events";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { SDK_FLAGS } from "../../../src/engine/sdkFlags";
import type { startSupervised } from "../../../src/engine/supervised";

// A process for each program takes 0.25 s of processor time, most of it to load Pulumi's SDK. The scenarios run 300 programs.

type Start = typeof startSupervised;

const RUNNER = /[/]@pulumi[/]pulumi[/]cmd[/]run([/]index\.js)?$/;

const hosts = new Set<ChildProcess>();
const idle: ChildProcess[] = [];

/** Run Node programs in processes that have run others before. Everything else starts as the engine starts it. */
export const hosted =
  (supervised: Start): Start =>
  (command, args, options) => {
    const runner = args.findIndex((arg) => RUNNER.test(arg));
    if (command !== process.execPath || runner < 0) return supervised(command, args, options);
    const host = idle.pop() ?? newHost();
    const child = Object.assign(new EventEmitter(), { stdout: new PassThrough(), stderr: new PassThrough() });
    let ended = false;
    const end = (code: number | null, signal: string | null) => {
      ended = true;
      host.removeAllListeners("message").removeListener("exit", end);
      child.stdout.end();
      child.stderr.end();
      child.emit("exit", code, signal);
    };
    host.on("message", (said: { kind: "stdout" | "stderr"; text: string } | { code: number }) => {
      if ("kind" in said) return void child[said.kind].write(said.text);
      idle.push(host);
      end(said.code, null);
    });
    host.once("exit", end);
    host.send({ args: args.slice(runner), ...options });
    const kill = () => {
      if (!ended) host.kill("SIGKILL");
    };
    return { child, kill } as unknown as ReturnType<Start>;
  };

function newHost(): ChildProcess {
  const host = fork(join(__dirname, "programHost.cjs"), [], { execArgv: [...SDK_FLAGS] });
  hosts.add(host);
  host.once("exit", () => void hosts.delete(host));
  return host;
}

export function stopProgramHosts(): void {
  for (const host of hosts) host.kill("SIGKILL");
}
